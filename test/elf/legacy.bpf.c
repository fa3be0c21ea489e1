/* Maps as older loaders declared them: "maps" with definitions of two lengths, "maps/NAME", and no
 * type information when compiled without -g. */
#define SEC(name) __attribute__((section(name), used))

struct bpf_map_def {
    unsigned int type, key_size, value_size, max_entries, map_flags;
};
struct bpf_elf_map {
    unsigned int type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

static void *(*map_lookup)(void *map, const void *key) = (void *)1;

struct bpf_map_def plain SEC("maps") = { 1, 4, 8, 16, 1 };
struct bpf_elf_map pinned SEC("maps") = { 2, 4, 8, 4, 0, 0, 2, 0, 0 };
struct bpf_map_def named SEC("maps/named") = { 6, 4, 8, 2, 0 };

SEC("socket")
int look(void *ctx)
{
    unsigned int key = 1;
    unsigned long *a = map_lookup(&plain, &key), *b = map_lookup(&pinned, &key),
                  *c = map_lookup(&named, &key);
    return a && b && c ? (int)(*a + *b + *c) : 0;
}

unsigned int _version SEC("version") = 263168;
char _license[] SEC("license") = "Dual MIT/GPL";
