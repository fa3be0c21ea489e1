/* Prints the kernel's verifier tests in struct form (verifier/ *.c of its BPF tests) as plain text.
 *
 * It is compiled in the cache, by kernel_sources.py, around the kernel's own test program, which
 * makes maps and programs through libbpf.  Here those functions write down what they are asked for,
 * and load nothing:
 *
 *     test NAME                          begins a test
 *     btf ID HEX                         types, for maps and programs
 *     map ID TYPE KEY_SIZE VALUE_SIZE ENTRIES FLAGS BTF KEY_TYPE VALUE_TYPE INNER
 *     aux ID TYPE HEX                    a program for PROG_ARRAYs
 *     element MAP KEY VALUE              hex; of a PROG_ARRAY the value is the aux program's id
 *     kfunc ID NAME                      what a call of kernel function ID means
 *     program TYPE ATTACH FLAGS BTF TARGET HEX
 *                                        ATTACH: enum bpf_attach_type; TARGET: function or "-".
 *                                        LDDW of source 1 and 2 has a map's ID as immediate
 *     functions SIZE HEX                 the program's bpf_func_info records
 *     expect accept|reject FLAGS         of a privileged user; FLAGS: the test's own
 *     run VALUE HEX                      result on that packet
 */
#define main test_verifier_main
#include "test_verifier.c"
#undef main

enum { FIRST_ID = 1 << 24 }; /* ids are far from any file descriptor: they are handed to close() */
static FILE *out;
static int next_id = FIRST_ID;
static __u32 type_of_map[1 << 16];
static bool loaded;

static void put_hex(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", ((const unsigned char *)data)[i]);
}

/* What libbpf would do. */

int bpf_btf_load(const void *data, size_t size, struct bpf_btf_load_opts *opts)
{
    fprintf(out, "btf %d ", next_id);
    put_hex(data, size);
    fprintf(out, "\n");
    return next_id++;
}

static __u32 key_size_of[1 << 16], value_size_of[1 << 16];

int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size,
                   __u32 entries, const struct bpf_map_create_opts *opts)
{
    static const struct bpf_map_create_opts none;
    const struct bpf_map_create_opts *o = opts ? opts : &none;
    int at = (next_id - FIRST_ID) % (1 << 16);
    type_of_map[at] = type;
    key_size_of[at] = key_size;
    value_size_of[at] = value_size;
    fprintf(out, "map %d %d %u %u %u %u %d %u %u %d\n", next_id, type, key_size, value_size,
            entries, o->map_flags, o->btf_fd, o->btf_key_type_id, o->btf_value_type_id,
            o->inner_map_fd);
    return next_id++;
}

int bpf_map_update_elem(int map, const void *key, const void *value, __u64 flags)
{
    int at = (map - FIRST_ID) % (1 << 16);
    fprintf(out, "element %d ", map);
    put_hex(key, key_size_of[at]);
    fprintf(out, " ");
    if (type_of_map[at] == BPF_MAP_TYPE_PROG_ARRAY)
        fprintf(out, "%d", *(const int *)value);
    else
        put_hex(value, value_size_of[at]);
    fprintf(out, "\n");
    return 0;
}

static const char *attach_target;

int bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
                  const struct bpf_insn *insns, size_t n, struct bpf_prog_load_opts *opts)
{
    if (!opts) {
        fprintf(out, "aux %d %d ", next_id, type);
        put_hex(insns, n * sizeof(*insns));
        fprintf(out, "\n");
        return next_id++;
    }
    fprintf(out, "program %d %d %u %d %s ", type, opts->expected_attach_type, opts->prog_flags,
            (int)opts->prog_btf_fd, attach_target ? attach_target : "-");
    put_hex(insns, n * sizeof(*insns));
    fprintf(out, "\n");
    if (opts->func_info_cnt) {
        fprintf(out, "functions %u ", opts->func_info_rec_size);
        put_hex(opts->func_info, (size_t)opts->func_info_cnt * opts->func_info_rec_size);
        fprintf(out, "\n");
    }
    loaded = true;
    errno = ENOTSUPP; /* the test is skipped from here on */
    return -1;
}

int libbpf_find_vmlinux_btf_id(const char *name, enum bpf_attach_type attach)
{
    attach_target = name;
    return 1;
}

struct btf *btf__load_vmlinux_btf(void)
{
    static char any;
    return (struct btf *)&any;
}

__s32 btf__find_by_name_kind(const struct btf *btf, const char *name, __u32 kind)
{
    fprintf(out, "kfunc %d %s\n", next_id, name);
    return next_id++;
}

int libbpf_probe_bpf_prog_type(enum bpf_prog_type type, const void *opts) { return 1; }
int libbpf_probe_bpf_map_type(enum bpf_map_type type, const void *opts) { return 1; }
int testing_prog_flags(void) { return 0; }
void btf__free(struct btf *btf) {}
int btf__fd(const struct btf *btf) { return -1; }
void btf__set_fd(struct btf *btf, int fd) {}

/* Never reached on the way to bpf_prog_load. */
static int never(const char *what)
{
    fprintf(stderr, "struct_tests: %s was called\n", what);
    exit(1);
}

struct btf *btf__load_from_kernel_by_id_split(__u32 id, struct btf *base)
{
    never(__func__);
    return NULL;
}

#define NEVER(NAME, ...)                                                                           \
    int NAME(__VA_ARGS__) { return never(#NAME); }
NEVER(bpf_prog_test_run_opts, int fd, struct bpf_test_run_opts *opts)
NEVER(bpf_btf_get_next_id, __u32 id, __u32 *next)
NEVER(bpf_btf_get_fd_by_id, __u32 id)
NEVER(bpf_obj_get_info_by_fd, int fd, void *info, __u32 *size)
NEVER(get_xlated_program, int fd, struct bpf_insn **insns, __u32 *n)
NEVER(load_bpf_testmod, bool verbose)
NEVER(unload_bpf_testmod, bool verbose)
NEVER(cap_enable_effective, __u64 caps, __u64 *old)
NEVER(cap_disable_effective, __u64 caps, __u64 *old)
NEVER(libbpf_set_strict_mode, enum libbpf_strict_mode mode)
#undef NEVER
bool get_unpriv_disabled(void) { return never(__func__); }
bool is_jit_enabled(void) { return never(__func__); }

static void print_expectation(struct bpf_test *test)
{
    fprintf(out, "expect %s %u\n", test->result == REJECT ? "reject" : "accept", test->flags);
    for (int i = 0; test->result != REJECT && i < (test->runs ? test->runs : 1); i++) {
        fprintf(out, "run %u ", test->retvals[i].retval);
        put_hex(test->retvals[i].data, sizeof(test->retvals[i].data));
        fprintf(out, "\n");
    }
}

int main(int argc, char **argv)
{
    int passes = 0, errors = 0;
    if (argc != 2 || !(out = fopen(argv[1], "w"))) {
        fprintf(stderr, "usage: struct_tests FILE\n");
        return 2;
    }
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        attach_target = NULL;
        loaded = false;
        next_id = FIRST_ID;
        fprintf(out, "test %s\n", tests[i].descr);
        do_test_single(&tests[i], false, &passes, &errors);
        if (!loaded)
            never("a way around bpf_prog_load");
        print_expectation(&tests[i]);
    }
    return fclose(out) != 0;
}
