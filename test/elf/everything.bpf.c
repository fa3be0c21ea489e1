/* What a compiler makes of most of what the loader knows: BTF maps with initial values, data
 * sections, static and global subprograms, callbacks, externs, CO-RE.
 *
 * Compiled by the tests for every -mcpu and both byte orders. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
#define noinline __attribute__((noinline))
#define weak __attribute__((weak))

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static long (*loop)(u32 n, void *callback, void *ctx, u64 flags) = (void *)181;

struct key {
    u32 source;
    u8 port[2];
    u8 pad[2];
};
struct counts {
    u64 packets, bytes;
};

struct {
    __uint(type, 1);
    __uint(max_entries, 1024);
    __type(key, struct key);
    __type(value, struct counts);
} per_flow SEC(".maps");

struct inner {
    __uint(type, 2);
    __uint(max_entries, 4);
    __type(key, u32);
    __type(value, u64);
} first_inner SEC(".maps"), second_inner SEC(".maps");

struct {
    __uint(type, 12);
    __uint(max_entries, 2);
    __type(key, u32);
    __array(values, struct inner);
} table SEC(".maps") = { .values = { &second_inner, &first_inner } };

int next(void *ctx);

struct {
    __uint(type, 3);
    __uint(max_entries, 3);
    __uint(key_size, 4);
    __array(values, int(void *));
} jumps SEC(".maps") = { .values = { [2] = (void *)&next } };

const volatile u32 limit = 7;
static const volatile u32 hidden_limit = 9;
u64 total = 5;
static u64 zeros[4];
static const char message[] = "a message";
extern u32 LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
extern _Bool CONFIG_SOMETHING __attribute__((section(".kconfig"))) weak;

struct remote {
    int a;
    struct {
        int b[4];
    } in;
} __attribute__((preserve_access_index));

static noinline u32 mix(u32 a, u32 b) { return (a << 3 ^ b) * 31 + zeros[a & 3]; }

noinline int weigh(u32 a)
{
    u32 sum = 0;
    for (u32 i = 0; i < 8; i++)
        sum += mix(a, i) / (i + 1);
    return (int)(sum % 17);
}

static int step(u32 i, u64 *sum)
{
    *sum += i;
    return 0;
}

static noinline int text_byte(u32 i) { return message[i % sizeof(message)]; }

SEC("xdp")
int count(void *ctx)
{
    struct key key = { .source = limit };
    struct counts fresh = { 1, hidden_limit }, *found = map_lookup(&per_flow, &key);
    u64 sum = 0;
    loop(limit, step, &sum, 0);
    total += sum;
    if (found)
        __sync_fetch_and_add(&found->packets, 1);
    else
        map_update(&per_flow, &key, &fresh, 0);
    tail_call(ctx, &jumps, 2);
    return weigh((u32)total) + text_byte(limit);
}

SEC("xdp")
int next(void *ctx)
{
    u32 key = 1;
    void *inner = map_lookup(&table, &key);
    return inner ? 2 : 1;
}

SEC("tc")
int configured(void *ctx)
{
    zeros[1] = LINUX_KERNEL_VERSION;
    return LINUX_KERNEL_VERSION > 0x50000 && !CONFIG_SOMETHING ? weigh(1) : 0;
}

SEC("kprobe/do_something")
int relocated(struct remote *r) { return r->in.b[2] + (int)__builtin_preserve_field_info(r->a, 2); }

char _license[] SEC("license") = "GPL";
