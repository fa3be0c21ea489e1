/* The .skt test format: what a program does, as text.  The runner needs libskep's public headers
 * and libc, so that it also runs, static, on other CPUs.
 *
 * A file is a list of cases; each begins with `-- name`.  A directive begins a line or follows two
 * blanks, and its text goes on until the next one.  Lines that begin with `#` are comments.
 * Verdicts (reject, accept, twin) are the verifier's; where there is none they are skipped, except
 * for errors that are found before it.
 *
 *     -- name     a sentence about the system
 *     -- asm      the program; ; or a new line between instructions
 *     -- hook     its program type (memory)
 *     -- mem      hex: the memory of a memory hook: r1 is its address, r2 its size
 *     -- packet   hex: the packet of a packet hook
 *     -- map      NAME type=T key=K value=V entries=N [flags=0x…]; LDDW map[idx:N] counts from 0
 *     -- entry    NAME KEY VALUE in hex: is in the map before the run
 *     -- tail     INDEX asm: a program that index INDEX of the first program array holds
 *     -- matrix   x = [1, 2, 3]: the case once for each, with $x replaced
 *     -- profile  linux (the default), strict or rfc
 *     -- fuel     N
 *     -- engine   the engines that run it; else all, for `trap` checked alone.  The compiler runs
 *                 what the verifier accepts
 *     -- result   r0 = N | mem = HEX | packet = HEX | NAME[KEY] = VALUE | NAME[KEY] = none; several
 *                 with ;.  r0 = [1, 2, 3] goes with the matrix
 *     -- trap     ID [@SLOT] [region=NAME] [offset=N] [bytes=N]: the run ends with that fault
 *     -- stop     fuel: the run ends without a fault
 *     -- reject   ID: assembling or loading fails with that error; *: with any
 *     -- accept   the verifier takes it
 *     -- twin     A => B: the program with B for every A is accepted, and runs without a fault
 *     -- kernel   [twin] VERDICT WHY: what Linux says to it, where it is not what we say: accepted,
 *                 rejected or skipped
 *     -- slow     millions of instructions: with --quick not on the checked engine
 *     -- listing  the program's canonical text */
#ifndef SKEP_TEST_SKT_H
#define SKEP_TEST_SKT_H

#include <skep/skep.h>

#define SKT_MAX 16 /* maps, entries, tails, results, values of a matrix */

struct skt_bytes {
    uint8_t *data;
    size_t size;
};

struct skt_map {
    char *name, *type;
    uint32_t key, value, entries, flags;
};
struct skt_entry { /* of a map, before or after the run */
    char *map;
    struct skt_bytes key, value;
    bool absent;
};
struct skt_tail {
    uint32_t index;
    char *source;
};

struct skt_case {
    char *name, *source, *hook, *listing;
    unsigned line;
    bool has_mem, has_packet, slow;
    enum skep_profile profile;
    struct skt_bytes mem, packet;
    struct skt_map maps[SKT_MAX];
    struct skt_entry entries[SKT_MAX];
    struct skt_tail tails[SKT_MAX];
    size_t n_maps, n_entries, n_tails;

    char *matrix_name;
    char *matrix[SKT_MAX];
    size_t n_matrix;

    uint64_t fuel;
    unsigned engines; /* bits of enum skep_engine; 0: the default */

    /* what is expected */
    bool has_r0, has_mem_after, has_packet_after;
    uint64_t r0[SKT_MAX];
    size_t n_r0;
    struct skt_bytes mem_after, packet_after;
    struct skt_entry after[SKT_MAX];
    size_t n_after;
    char *trap, *reject, *trap_region, *kernel;
    char *twin_from, *twin_to;
    bool accept, twin_of; /* twin_of: made of another case */
    bool has_trap_slot, has_trap_offset, has_trap_bytes, stops_for_fuel;
    uint32_t trap_slot, trap_bytes;
    int64_t trap_offset;
};

struct skt_file {
    struct skt_case *cases;
    size_t n;
};

/* A file's text, NUL-terminated; NULL: errno says why.  Free it. */
char *skt_read_text(const char *path);
/* Prints what is wrong, with the line, and returns false. */
bool skt_parse(const char *path, const char *text, struct skt_file *out);
void skt_free(struct skt_file *file);

/* The text with $name replaced by the case's matrix_at-th value; free it. */
char *skt_substituted(const struct skt_case *test, size_t matrix_at, const char *text);
/* The program of the case's twin; free it. */
char *skt_twin_source(const struct skt_case *test);

/* Runs a case on everything that it asks for; prints TAP lines. */
struct skt_tap {
    unsigned n, n_failed, n_skipped;
    bool quick;
};
void skt_run(const struct skt_case *test, struct skt_tap *tap);

#endif
