/* The verdicts that .skt files expect (reject, accept, twin), compared with those of the Linux
 * kernel with the rights of the case's profile: TAP on standard output, status 1 when one differs.
 * Where the kernel's differs for a reason, the case says so with `-- kernel`.  Rights are given up
 * for good, so that one run is about profile strict (--strict) or about the others.
 *
 * A program of the memory hook is loaded as one of XDP: it must not touch its context. */
#include "skt.h"
#include "support/linux_profile.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOG_BYTES = 1 << 16, MAX_FUNCTIONS = 32 };

static const struct {
    const char *hook;
    enum bpf_prog_type type;
} program_types[] = {
    { "memory", BPF_PROG_TYPE_XDP },
    { "xdp", BPF_PROG_TYPE_XDP },
    { "sched_cls", BPF_PROG_TYPE_SCHED_CLS },
    { "kprobe", BPF_PROG_TYPE_KPROBE },
};
static const struct {
    const char *name;
    enum bpf_map_type type;
} map_types[] = {
    { "array", BPF_MAP_TYPE_ARRAY },
    { "hash", BPF_MAP_TYPE_HASH },
    { "ringbuf", BPF_MAP_TYPE_RINGBUF },
};
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- maps */

static int make_map(const struct skt_map *map)
{
    struct bpf_map_create_opts options = { .sz = sizeof(options), .map_flags = map->flags };
    for (size_t i = 0; i < LENGTH(map_types); i++)
        if (strcmp(map_types[i].name, map->type) == 0)
            return bpf_map_create(map_types[i].type, map->name, map->key, map->value, map->entries,
                                  &options);
    return -1;
}

/* Maps by position become maps by descriptor. */
static void put_maps(struct bpf_insn *insns, size_t n, const int *maps)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
            continue;
        if (insns[i].src_reg == BPF_PSEUDO_MAP_IDX ||
            insns[i].src_reg == BPF_PSEUDO_MAP_IDX_VALUE) {
            insns[i].src_reg =
                insns[i].src_reg == BPF_PSEUDO_MAP_IDX ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
            insns[i].imm = maps[insns[i].imm];
        }
        i++;
    }
}

/* ---- types: callbacks need to be functions that BTF knows */

static void add_function(struct bpf_func_info *functions, uint32_t *n, uint32_t at)
{
    uint32_t i = 0;
    while (i < *n && functions[i].insn_off < at)
        i++;
    if ((i < *n && functions[i].insn_off == at) || *n == MAX_FUNCTIONS)
        return;
    memmove(&functions[i + 1], &functions[i], (*n - i) * sizeof(*functions));
    functions[i].insn_off = at;
    (*n)++;
}

static uint32_t find_functions(const struct bpf_insn *insns, size_t n,
                               struct bpf_func_info functions[MAX_FUNCTIONS + 1])
{
    uint32_t found = 0;
    add_function(functions, &found, 0);
    for (size_t i = 0; i < n; i++) {
        bool calls = insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == BPF_PSEUDO_CALL;
        bool wide = insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
        if (calls || (wide && insns[i].src_reg == BPF_PSEUDO_FUNC))
            add_function(functions, &found, (uint32_t)((int32_t)i + 1 + insns[i].imm));
        i += wide;
    }
    return found;
}

/* long f(void) for each: what they take does not matter for static ones. */
static struct btf *describe(struct bpf_func_info *functions, uint32_t n)
{
    char name[16];
    struct btf *btf = btf__new_empty();
    int number = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
    int proto = btf__add_func_proto(btf, number);
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        functions[i].type_id = (uint32_t)btf__add_func(btf, name, BTF_FUNC_STATIC, proto);
    }
    return btf__load_into_kernel(btf) == 0 ? btf : (btf__free(btf), NULL);
}

/* ---- one program */

static bool load(const struct skt_case *test, struct bpf_insn *insns, size_t n, char *log)
{
    struct bpf_func_info functions[MAX_FUNCTIONS + 1] = { 0 };
    uint32_t n_functions = find_functions(insns, n, functions);
    struct btf *btf = n_functions > 1 ? describe(functions, n_functions) : NULL;
    struct bpf_prog_load_opts options = {
        .sz = sizeof(options), .log_level = 1, .log_buf = log, .log_size = LOG_BYTES
    };
    const char *hook = test->hook ? test->hook : "memory";
    int fd = -1;
    if (btf) {
        options.prog_btf_fd = (uint32_t)btf__fd(btf);
        options.func_info = functions;
        options.func_info_cnt = n_functions;
        options.func_info_rec_size = sizeof(functions[0]);
    }
    for (size_t i = 0; i < LENGTH(program_types); i++)
        if (strcmp(program_types[i].hook, hook) == 0)
            fd = bpf_prog_load(program_types[i].type, "skt", "GPL", insns, n, &options);
    if (fd >= 0)
        close(fd);
    btf__free(btf);
    return fd >= 0;
}

/* false: it does not even assemble. */
static bool ask(const struct skt_case *test, const char *source, bool *accepted, char *log)
{
    skep_insn *insns = NULL;
    size_t n = 0;
    int maps[SKT_MAX];
    if (skep_assemble(source, &insns, &n, NULL) != SKEP_OK)
        return false;
    for (size_t i = 0; i < test->n_maps; i++)
        maps[i] = make_map(&test->maps[i]);
    put_maps((struct bpf_insn *)insns, n, maps);
    log[0] = 0;
    *accepted = load(test, (struct bpf_insn *)insns, n, log);
    for (size_t i = 0; i < test->n_maps; i++)
        if (maps[i] >= 0)
            close(maps[i]);
    free(insns);
    return true;
}

/* ---- expectations */

/* What the case says of the kernel's verdict on itself, or on its twin; NULL: nothing. */
static const char *said(const struct skt_case *test, bool twin)
{
    const char *text = test->kernel;
    bool of_twin = text && strncmp(text, "twin ", 5) == 0;
    if (!text || of_twin != twin)
        return NULL;
    return of_twin ? text + 5 : text;
}

static void check(const struct skt_case *test, size_t matrix_at, bool twin, struct skt_tap *tap)
{
    static char log[LOG_BYTES];
    const char *kernel = said(test, twin);
    bool expected = twin || test->accept, accepted = false;
    char *with = twin ? skt_twin_source(test) : strdup(test->source);
    char *source = skt_substituted(test, matrix_at, with);
    bool named = strstr(source, "call kfunc") != NULL; /* by our numbers, not the kernel's */
    bool skipped = named || (kernel && strncmp(kernel, "skipped", 7) == 0);
    if (kernel && !skipped)
        expected = strncmp(kernel, "accepted", 8) == 0;
    bool ok = skipped || (ask(test, source, &accepted, log) && accepted == expected);
    tap->n++;
    tap->n_failed += !ok;
    tap->n_skipped += skipped;
    printf("%s %u - %s%s", ok ? "ok" : "not ok", tap->n, twin ? "the twin of: " : "", test->name);
    if (test->n_matrix)
        printf(" %s = %s", test->matrix_name, test->matrix[matrix_at]);
    printf("%s\n", skipped ? " # SKIP" : "");
    if (!ok)
        printf("# line %u: %s by the kernel\n# %s\n# %s\n", test->line,
               accepted ? "accepted" : "rejected", source, log);
    free(with);
    free(source);
}

static void check_file(const char *path, bool strict, struct skt_tap *tap)
{
    struct skt_file file = { 0 };
    char *text = skt_read_text(path);
    tap->n_failed += !text || !skt_parse(path, text, &file);
    for (size_t i = 0; i < file.n; i++) {
        const struct skt_case *test = &file.cases[i];
        bool now = (test->profile == SKEP_PROFILE_STRICT) == strict;
        for (size_t m = 0; now && m < (test->n_matrix ? test->n_matrix : 1); m++) {
            if (test->accept || test->reject)
                check(test, m, false, tap);
            if (test->twin_from)
                check(test, m, true, tap);
        }
    }
    skt_free(&file);
    free(text);
}

int main(int argc, char **argv)
{
    struct skt_tap tap = { 0 };
    bool strict = argc > 1 && strcmp(argv[1], "--strict") == 0;
    if (!linux_profile_enter(strict)) {
        printf("1..0 # SKIP bpf(2) is refused here\n");
        return 0;
    }
    for (int i = 1 + strict; i < argc; i++)
        check_file(argv[i], strict, &tap);
    printf("1..%u\n# %u of %u differ from the kernel's verdict, %u skipped\n", tap.n, tap.n_failed,
           tap.n, tap.n_skipped);
    return tap.n > 0 && tap.n_failed == 0 ? 0 : 1;
}
