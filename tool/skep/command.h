/* The commands and their options: one table of each, from which parsing, help, the man page and
 * shell completion come. */
#ifndef SKEP_TOOL_COMMAND_H
#define SKEP_TOOL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses. */
enum { STATUS_OK = 0, STATUS_NO = 1, STATUS_USAGE = 2 };

enum command_bit {
    IN_RUN = 1 << 0,
    IN_DUMP = 1 << 1,
    IN_ASM = 1 << 2,
    IN_DISASM = 1 << 3,
    IN_BENCH = 1 << 4,
    IN_PLUGIN = 1 << 5,
    IN_HELP = 1 << 6,
    IN_VERIFY = 1 << 7,
    IN_OBJECTS = IN_RUN | IN_DUMP | IN_BENCH | IN_VERIFY, /* those that open objects */
};

/* clang-format off */

/* O(ID, long name, letter or 0, value or NULL, how often and how, commands, help).  A value that
 * begins with "[=" may be left out. */
#define OPTIONS(O) \
    O(PROG,         "prog",         'p', "NAME", ONE, IN_OBJECTS, \
      "the program to take; the same as OBJ:NAME") \
    O(TYPE,         "type",         't', "TYPE", ONE, IN_OBJECTS, \
      "the program type by name (xdp, tc, …), where the section does not say") \
    O(PCAP,         "pcap",         0, "IN", ONE, IN_RUN | IN_BENCH, \
      "run on every packet of a capture file (bench: on one, see --packet)") \
    O(WRITE_PCAP,   "write-pcap",   0, "OUT", ONE, IN_RUN, \
      "write the packets that the program lets through, as it left them") \
    O(FILTER,       "filter",       0, "EXPR", ONE, IN_OBJECTS, \
      "take only the packets that match, in tcpdump's language; without OBJ: the program") \
    O(PACKET,       "packet",       0, "N", ONE, IN_BENCH, \
      "which packet of the capture, from 1") \
    O(LINEAR,       "linear",       0, "N", ONE, IN_RUN, \
      "only the first N bytes of a packet are in one piece, the rest in fragments") \
    O(DATA,         "data",         'd', "HEX|@FILE", ONE, IN_RUN | IN_BENCH, \
      "run on these bytes: a packet, or the memory that r1 points to") \
    O(CTX,          "ctx",          'c', "JSON|@FILE", ONE, IN_RUN | IN_BENCH, \
      "the context, fields by name: {\"ingress_ifindex\": 3, \"data\": \"hex\"}") \
    O(ENGINE,       "engine",       'e', "ENGINE", ONE, IN_RUN | IN_BENCH | IN_PLUGIN, \
      "jit, interp or checked; bench: also kernel, several separated by commas") \
    O(OPT_OFF,      "opt-off",      0, "PASS,…", ONE, IN_RUN | IN_BENCH | IN_DUMP, \
      "passes of the compiler that are not to be run, or all; docs/jit.md names them") \
    O(BLIND,        "blind",        0, NULL, ONE, IN_RUN | IN_BENCH | IN_DUMP, \
      "compiled code: the program's constants do not appear in it as they are") \
    O(PERF_MAP,     "perf-map",     0, NULL, ONE, IN_RUN | IN_BENCH, \
      "tell perf(1) where compiled code lies, in /tmp/perf-PID.map") \
    O(GDB,          "gdb",          0, NULL, ONE, IN_RUN | IN_BENCH, \
      "tell gdb(1) where compiled code lies") \
    O(PROFILE,      "profile",      0, "PROFILE", ONE, IN_OBJECTS, \
      "what is refused: linux (as Linux does), strict or rfc") \
    O(NO_VERIFY,    "no-verify",    0, NULL, ONE, IN_RUN, \
      "run the program without verifying it; checked only") \
    O(GUARD,        "guard",        0, NULL, ONE, IN_RUN | IN_VERIFY | IN_BENCH | IN_DUMP, \
      "offsets that are not proved to be in bounds are checked at run time") \
    O(FUEL,         "fuel",         0, "N", ONE, IN_RUN | IN_BENCH | IN_DUMP, \
      "stop a run after about N instructions; loops need not be proved to end then") \
    O(MAY_LOOP,     "fuel",         0, NULL, ONE, IN_VERIFY, \
      "loops need not be proved to end: runs will have fuel") \
    O(LIMIT_MS,     "limit-ms",     0, "N", ONE, IN_VERIFY | IN_RUN, \
      "give up verifying a program after N milliseconds (10000)") \
    O(LIMIT_MB,     "limit-mb",     0, "N", ONE, IN_VERIFY | IN_RUN, \
      "give up when verifying needs more than N megabytes (256)") \
    O(LIMIT_VISITS, "limit-visits", 0, "N", ONE, IN_VERIFY | IN_RUN, \
      "give up when the verifier has interpreted N instructions (4194304)") \
    O(TARGET,       "target",       0, "BTF", ONE, IN_VERIFY, \
      "the kernel types to relocate for (CO-RE): refused until that is supported") \
    O(TIMERS,       "timers",       0, "NS", ONE, IN_RUN, \
      "after the runs, let NS nanoseconds pass: timers (bpf_timer) fire as they become due") \
    O(REPRODUCIBLE, "reproducible", 0, NULL, ONE, IN_RUN, \
      "clocks, processes and random numbers are the same in each run of the command") \
    O(REPEAT,       "repeat",       'n', "N", ONE, IN_RUN, \
      "run the whole input N times") \
    O(THREADS,      "threads",      'j', "N", ONE, IN_RUN, \
      "share the input among N threads, each a CPU of its own to the program") \
    O(SET_MAP,      "set-map",      0, "NAME KEY=VALUE…|@FILE", PAIRS, IN_RUN | IN_BENCH, \
      "fill a map before the run; see MAP VALUES") \
    O(SET_MAP_SIZE, "set-map-size", 0, "NAME=N[xBYTES]", MANY, IN_OBJECTS, \
      "the number of entries of a map, and the size of its values") \
    O(SET_RODATA,   "set-rodata",   0, "NAME=VALUE", MANY, IN_OBJECTS, \
      "the value of a global variable") \
    O(CFLAG,        "cflag",        0, "FLAG", MANY, IN_OBJECTS, \
      "one more argument for clang, when the object is a C file") \
    O(DUMP_MAPS,    "dump-maps",    'm', NULL, ONE, IN_RUN, \
      "show the contents of the maps after the run") \
    O(INSNS,        "insns",        0, NULL, ONE, IN_DUMP, \
      "the instructions as they stand in the object, in llvm-objdump's text") \
    O(LINKED,       "linked",       0, NULL, ONE, IN_DUMP, \
      "the instructions once linked, with source lines") \
    O(CFG,          "cfg",          0, NULL, ONE, IN_DUMP, \
      "the control-flow graph: blocks, edges, loop heads, fuel charges") \
    O(FACTS,        "facts",        0, NULL, ONE, IN_DUMP, \
      "what the verifier knows before every instruction: registers, stack, source lines") \
    O(HOST,         "host",         0, NULL, ONE, IN_DUMP, \
      "the host code that the program is lowered to") \
    O(SSA,          "ssa",          0, "[=PASS]", ONE, IN_DUMP, \
      "the compiler's view: after all passes, after PASS, or after none (build)") \
    O(JIT,          "jit",          0, NULL, ONE, IN_DUMP, \
      "the machine code, with source lines") \
    O(MAPS,         "maps",         0, NULL, ONE, IN_DUMP, \
      "the maps that the object declares, and its data sections") \
    O(BTF,          "btf",          0, NULL, ONE, IN_DUMP, \
      "the types") \
    O(RELOCS,       "relocs",       0, NULL, ONE, IN_DUMP, \
      "the relocations") \
    O(OUTPUT,       "output",       'o', "OUT", ONE, IN_ASM, \
      "where the bytes go; - is standard output") \
    O(HEX,          "hex",          'x', NULL, ONE, IN_ASM, \
      "write hex text, a line per slot, instead of raw bytes") \
    O(ROUNDS,       "rounds",       0, "N", ONE, IN_BENCH, \
      "how many rounds the median is taken of (9)") \
    O(ELF,          "elf",          0, NULL, ONE, IN_PLUGIN, \
      "standard input is an ELF object, not bare instructions") \
    O(MAN,          "man",          0, NULL, ONE, IN_HELP, \
      "print the man page") \
    O(COMPLETION,   "completion",   0, NULL, ONE, IN_HELP, \
      "print the completion script for bash") \
    O(VERBOSE,      "verbose",      'v', NULL, ONE, IN_RUN, \
      "list every packet, event and map entry") \
    O(JSON,         "json",         0, NULL, ONE, ~0u, \
      "one JSON document on standard output; see docs/schema")

/* C(name, symbol, bit, arguments, summary) */
#define COMMANDS(C) \
    C("run",    run,    IN_RUN,    "OBJ[:PROG]|FILE.bpf.c|FILE.ddd", \
      "run a program on packets, bytes or a context") \
    C("verify", verify, IN_VERIFY, "OBJ[:PROG]…", \
      "show whether programs are safe, and why not") \
    C("dump",   dump,   IN_DUMP,   "OBJ[:PROG]|FILE.bpf.c", \
      "show what is in an object") \
    C("asm",    asm,    IN_ASM,    "FILE", \
      "assemble text to bytecode") \
    C("disasm", disasm, IN_DISASM, "FILE|HEX…", \
      "show bytecode as text") \
    C("bench",  bench,  IN_BENCH,  "OBJ[:PROG]…", \
      "time programs on each engine and compare their results") \
    C("conformance-plugin", plugin, IN_PLUGIN, "[MEMORY]", \
      "speak the plug-in protocol of the bpf_conformance suite") \
    C("help",   help,   IN_HELP,   "[COMMAND]", \
      "explain a command")
/* clang-format on */

enum option_id {
#define O(ID, ...) OPT_##ID,
    OPTIONS(O)
#undef O
        OPT_COUNT,
};

enum option_arity {
    ARITY_ONE,   /* the last one given counts */
    ARITY_MANY,  /* each counts */
    ARITY_PAIRS, /* each counts; a name, then every argument with a = in it, or one @FILE */
};

struct option_row {
    const char *name;
    char letter;
    const char *value;
    enum option_arity arity;
    unsigned commands;
    const char *help;
};
extern const struct option_row option_rows[OPT_COUNT];

struct given_option {
    enum option_id id;
    char **values; /* into argv */
    int n;
};

/* A command line taken apart. */
struct args {
    const struct command *command;
    char **words; /* what is no option */
    int n_words;
    struct given_option *options;
    int n_options;
};

struct command {
    const char *name;
    unsigned bit;
    const char *arguments;
    const char *summary;
    const char *details;
    int (*run)(const struct args *args);
};
extern const struct command commands[];
extern const size_t n_commands;

#define C(name, symbol, ...)                                                                       \
    int command_##symbol(const struct args *args);                                                 \
    extern const char details_##symbol[];
COMMANDS(C)
#undef C

const struct command *command_find(const char *name);
/* The command's name in the table, or an option's, that is nearest to a word; NULL: none is near.
 */
const char *command_nearest(const char *word);

/* Takes the arguments after the command's name apart.  STATUS_OK, or STATUS_USAGE once a line on
 * stderr says why. */
int args_parse(struct args *args, const struct command *command, int argc, char **argv);
void args_free(struct args *args);

bool args_has(const struct args *args, enum option_id id);
/* The last value; NULL when the option is not given. */
const char *args_value(const struct args *args, enum option_id id);
/* The option's number; fallback when it is not given.  false: no number from 1 to max (said). */
bool args_number(const struct args *args, enum option_id id, uint64_t max, uint64_t fallback,
                 uint64_t *out);
/* Walks the occurrences: start with NULL. */
const struct given_option *args_next(const struct args *args, enum option_id id,
                                     const struct given_option *after);

#endif
