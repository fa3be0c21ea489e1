/* What the checked engine refuses, and that it says where: one row per rule, each with a twin that
 * differs as little as possible and runs. */
#include "support/engines.h"

#include "map/map.h"

#include <stdlib.h>

/* ---- a host: helpers of every kind of contract, maps, a packet, a context */

#define HELPER_FN(name)                                                                            \
    static u64 name(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
#define UNUSED_ARGS() ((void)thread, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5)

HELPER_FN(run_lookup)
{
    struct skep_map *map = (struct skep_map *)(uintptr_t)a1;
    UNUSED_ARGS();
    return (u64)(uintptr_t)map->type->lookup(map, (const void *)(uintptr_t)a2, thread->cpu);
}
HELPER_FN(run_fill)
{
    UNUSED_ARGS();
    memset((void *)(uintptr_t)a1, 7, (size_t)a2);
    return 0;
}
HELPER_FN(run_sum)
{
    u64 sum = 0;
    UNUSED_ARGS();
    for (u64 i = 0; i < a2; i++)
        sum += ((const u8 *)(uintptr_t)a1)[i];
    return sum;
}
HELPER_FN(run_move)
{
    UNUSED_ARGS();
    thread->packet->data++;
    return 0;
}
static void free_record(struct skep_thread *thread, const struct skep_held *held)
{
    (void)thread;
    free(held->what);
}
HELPER_FN(run_acquire)
{
    UNUSED_ARGS();
    struct skep_held held = { .what = calloc(1, (size_t)a1),
                              .release = free_record,
                              .bytes = (u32)a1 };
    return held.what && rt_hold(thread, &held) ? (u64)(uintptr_t)held.what : 0;
}
HELPER_FN(run_release)
{
    UNUSED_ARGS();
    rt_drop(thread, (void *)(uintptr_t)a1);
    free((void *)(uintptr_t)a1);
    return 0;
}
HELPER_FN(run_repeat)
{
    u64 r0 = 0, sum = 0;
    UNUSED_ARGS();
    for (u64 i = 0; i < a1; i++) {
        const u64 args[5] = { i, a3 };
        if (!rt_call(thread, a2, args, &r0))
            return 0;
        sum += r0;
    }
    return sum;
}
HELPER_FN(run_nothing)
{
    UNUSED_ARGS();
    return 0x1234;
}

/* clang-format off */
static const struct skep_helper lookup = { .name = "lookup", .id = 1, .run = run_lookup, .maps = SKEP_MAP_LOOKUP,
    .args = { { .kind = SKEP_ARG_MAP }, { .kind = SKEP_ARG_MAP_KEY, .flags = SKEP_ARG_READ } },
    .ret = { .kind = SKEP_RET_MAP_VALUE, .flags = SKEP_RET_NULLABLE } };
static const struct skep_helper fill = { .name = "fill", .id = 2, .run = run_fill,
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE }, { .kind = SKEP_ARG_SIZE } } };
static const struct skep_helper sum = { .name = "sum", .id = 3, .run = run_sum,
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ | SKEP_ARG_NULLABLE }, { .kind = SKEP_ARG_SIZE, .flags = SKEP_ARG_ZERO_OK } } };
static const struct skep_helper move = { .name = "move", .id = 4, .run = run_move, .effects = SKEP_MOVES_PACKET,
    .args = { { .kind = SKEP_ARG_CTX } } };
static const struct skep_helper acquire = { .name = "acquire", .id = 5, .run = run_acquire,
    .args = { { .kind = SKEP_ARG_ALLOC_SIZE, .flags = SKEP_ARG_CONSTANT } },
    .ret = { .kind = SKEP_RET_MEM, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES } };
static const struct skep_helper release = { .name = "release", .id = 6, .run = run_release,
    .args = { { .kind = SKEP_ARG_RECORD, .flags = SKEP_ARG_RELEASE } }, .ret = { .kind = SKEP_RET_VOID } };
static const struct skep_helper repeat = { .name = "repeat", .id = 7, .run = run_repeat, .effects = SKEP_CALLS_BACK,
    .args = { { .kind = SKEP_ARG_SCALAR }, { .kind = SKEP_ARG_CALLBACK }, { .kind = SKEP_ARG_CALLBACK_CTX } },
    .callback = { .params = { SKEP_PARAM_SCALAR, SKEP_PARAM_CTX } } };
static const struct skep_helper lock = { .name = "lock", .id = 8, .run = run_nothing, .effects = SKEP_LOCKS,
    .args = { { .kind = SKEP_ARG_SPIN_LOCK, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE } }, .ret = { .kind = SKEP_RET_VOID } };
static const struct skep_helper unlock = { .name = "unlock", .id = 9, .run = run_nothing, .effects = SKEP_UNLOCKS,
    .args = { { .kind = SKEP_ARG_SPIN_LOCK, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE } }, .ret = { .kind = SKEP_RET_VOID } };
static const struct skep_helper absent = { .name = "absent", .id = 10 };
static const struct skep_helper text = { .name = "text", .id = 11, .run = run_nothing,
    .args = { { .kind = SKEP_ARG_STRING, .flags = SKEP_ARG_READ } } };
static const struct skep_helper scalar = { .name = "scalar", .id = 12, .run = run_nothing,
    .args = { { .kind = SKEP_ARG_SCALAR } } };
static const struct skep_helper push = { .name = "push", .id = 13, .run = run_nothing, .maps = SKEP_MAP_PUSH,
    .args = { { .kind = SKEP_ARG_MAP } } };
static const struct skep_helper update = { .name = "update", .id = 14, .run = run_nothing, .maps = SKEP_MAP_UPDATE,
    .args = { { .kind = SKEP_ARG_MAP } } };
static const struct skep_helper sock = { .name = "sock", .id = 15, .run = run_acquire,
    .args = { { .kind = SKEP_ARG_SCALAR } }, .ret = { .kind = SKEP_RET_SOCK, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES } };
static const struct skep_helper use_sock = { .name = "use_sock", .id = 16, .run = run_nothing, .args = { { .kind = SKEP_ARG_SOCK } } };
static const struct skep_helper end_sock = { .name = "end_sock", .id = 17, .run = run_release,
    .args = { { .kind = SKEP_ARG_SOCK, .flags = SKEP_ARG_RELEASE } }, .ret = { .kind = SKEP_RET_VOID } };
static const struct skep_helper use_typed = { .name = "use_typed", .id = 18, .run = run_nothing, .args = { { .kind = SKEP_ARG_BTF_PTR } } };
static const struct skep_helper *const helpers_of_test[] = { &sock, &use_sock, &end_sock, &use_typed, &lookup, &fill, &sum, &move, &acquire, &release, &repeat,
    &lock, &unlock, &absent, &text, &scalar, &push, &update, NULL };

static const struct skep_ctx_field fields_of_test[] = {
    { .name = "data", .offset = 0, .size = 4, .kind = SKEP_FIELD_PACKET, .access = SKEP_FIELD_READ, .host_size = 8, .host_offset = offsetof(struct skep_packet, data) },
    { .name = "data_end", .offset = 4, .size = 4, .kind = SKEP_FIELD_PACKET_END, .access = SKEP_FIELD_READ, .host_size = 8, .host_offset = offsetof(struct skep_packet, data_end) },
    { .name = "mark", .offset = 8, .size = 4, .access = SKEP_FIELD_READ | SKEP_FIELD_WRITE, .host_size = 4, .host_offset = offsetof(struct skep_packet, mark) },
    { .name = "hash", .offset = 12, .size = 4, .access = SKEP_FIELD_READ, .host_size = 4, .host_offset = offsetof(struct skep_packet, hash) },
};
/* clang-format on */
static const struct skep_hook packet_hook = {
    .name = "packet",
    .ctx_size = 16,
    .fields = fields_of_test,
    .n_fields = ARRAY_LEN(fields_of_test),
    .flags = SKEP_HOOK_PACKET | SKEP_HOOK_PACKET_WRITE | SKEP_HOOK_LD_ABS,
};

static struct mem map_mem;
static struct epoch *map_epoch;
static struct skep_map *maps[3]; /* values of 16 bytes; the same, read-only; the same, write-only */

static int make_maps(void **state)
{
    const u32 flags[3] = { 0, MAP_F_RDONLY_PROG, MAP_F_WRONLY_PROG };
    (void)state;
    mem_init(&map_mem, NULL, 0);
    if (epoch_new(&map_mem, &map_epoch) != SKEP_OK)
        return -1;
    for (u32 i = 0; i < 3; i++) {
        struct skep_map_spec spec = { .size = sizeof(spec),
                                      .name = "m",
                                      .type = 2,
                                      .key_size = 4,
                                      .value_size = 16,
                                      .max_entries = 1,
                                      .flags = flags[i] };
        if (map_new(&map_array, &spec, 1, 0, &map_mem, map_epoch, &maps[i]) != 0)
            return -1;
        memcpy(map_array.lookup(maps[i], &(u32){ 0 }, 0), "fifteen letters", 16);
        atomic_store(&maps[i]->frozen, i == 1);
    }
    return 0;
}

static int drop_maps(void **state)
{
    (void)state;
    for (u32 i = 0; i < 3; i++)
        map_put_user(maps[i]);
    epoch_delete(map_epoch);
    return map_mem.used == 0 ? 0 : -1;
}

struct row {
    const char *source;
    const char *id; /* of the fault; NULL: it runs */
    u64 r0;
    bool strict;
};

static void run_row(const struct row *row)
{
    struct engines e;
    u8 bytes[320] = { 0 };
    struct skep_packet packet = { .data = bytes + 256,
                                  .data_end = bytes + 272,
                                  .data_meta = bytes + 256,
                                  .hard_start = bytes,
                                  .hard_end = bytes + 320,
                                  .length = 16,
                                  .mark = 77 };
    struct engines_options options = { .hook = &packet_hook,
                                       .maps = maps,
                                       .n_maps = 3,
                                       .helpers = helpers_of_test,
                                       .strict = row->strict,
                                       .checked_only = true };
    u64 r0;
    for (u32 i = 0; i < 16; i++)
        bytes[256 + i] = (u8)(i + 1);
    engines_open(&e, row->source, &options);
    skep_status status = engines_run(&e, ENGINE_CHECKED, &packet, &r0);
    const char *id = status == SKEP_TRAP ? skep_error_id(&e.thread.fault.error) : "";
    if (status != (row->id ? SKEP_TRAP : SKEP_OK) || strcmp(id, row->id ? row->id : "") != 0)
        fail_msg("%s\nstatus %d, %s; expected %s", row->source, (int)status, id,
                 row->id ? row->id : "to run");
    if (!row->id && r0 != row->r0)
        fail_msg("%s\nr0 is %llu", row->source, (unsigned long long)r0);
    assert_int_equal(e.thread.n_held, 0);
    assert_int_equal(e.thread.depth, 0);
    engines_close(&e);
}

#define ROWS(name, ...)                                                                            \
    TEST(name)                                                                                     \
    {                                                                                              \
        static const struct row rows[] = { __VA_ARGS__ };                                          \
        for (u32 i = 0; i < ARRAY_LEN(rows); i++)                                                  \
            run_row(&rows[i]);                                                                     \
    }

/* ---- the rules */

/* clang-format off */
#define GIVES(text_, value)         { .source = (text_), .r0 = (value) }
#define FAULTS(text_, fault)        { .source = (text_), .id = (fault) }
#define STRICT_GIVES(text_, value)  { .source = (text_), .r0 = (value), .strict = true }
#define STRICT_FAULTS(text_, fault) { .source = (text_), .id = (fault), .strict = true }

ROWS(registers_hold_nothing_until_they_are_written,
    FAULTS("r0 = r3; exit", "vm-unset-register"),
    FAULTS("r0 = 1; r0 += r6; exit", "vm-unset-register"),
    FAULTS("exit", "vm-unset-register"),
    FAULTS("r1 = 5; call 12; r0 = r1; exit", "vm-unset-register"),
    GIVES("r1 = 5; r6 = 4; call 12; r0 = r6; exit", 4),
    FAULTS("r1 = 1; call 5; r1 = r0; call 6; exit", "vm-unset-register"))

ROWS(numbers_are_no_addresses,
    FAULTS("r2 = 4096; r0 = *(u64 *)(r2 + 0); exit", "vm-not-a-pointer"),
    GIVES("r0 = *(u8 *)(r10 - 1); exit", 0),
    FAULTS("r2 = r10; w2 = w2; r0 = *(u8 *)(r2 - 1); exit", "vm-not-a-pointer"),
    FAULTS("r2 = r10; r2 *= 1; r0 = *(u8 *)(r2 - 1); exit", "vm-not-a-pointer"),
    FAULTS("r2 = r10; r2 += r10; r0 = *(u8 *)(r2 - 1); exit", "vm-not-a-pointer"),
    GIVES("r2 = 0; r2 += r10; *(u8 *)(r2 - 1) = 3; r0 = *(u8 *)(r2 - 1); exit", 3),
    GIVES("r2 = map[idx:0]; r0 = 0; exit", 0))

ROWS(the_stack_has_512_bytes,
    GIVES("*(u8 *)(r10 - 512) = 1; r0 = *(u8 *)(r10 - 512); exit", 1),
    FAULTS("*(u8 *)(r10 - 513) = 1; r0 = 0; exit", "vm-out-of-bounds"),
    FAULTS("*(u64 *)(r10 - 7) = 1; r0 = 0; exit", "vm-out-of-bounds"),
    FAULTS("*(u8 *)(r10 + 0) = 1; r0 = 0; exit", "vm-out-of-bounds"),
    FAULTS("r2 = r10; r2 += -2147483648; r0 = *(u8 *)(r2 + 0); exit", "vm-out-of-bounds"))

ROWS(unwritten_stack_is_zero_or_a_fault,
    GIVES("r0 = *(u64 *)(r10 - 8); exit", 0),
    STRICT_FAULTS("r0 = *(u64 *)(r10 - 8); exit", "vm-unwritten-stack"),
    STRICT_FAULTS("*(u32 *)(r10 - 8) = 1; r0 = *(u64 *)(r10 - 8); exit", "vm-unwritten-stack"),
    STRICT_GIVES("*(u32 *)(r10 - 8) = 1; *(u32 *)(r10 - 4) = 0; r0 = *(u64 *)(r10 - 8); exit", 1),
    STRICT_FAULTS("r1 = r10; r1 += -8; r2 = 8; call 3; exit", "vm-unwritten-stack"),
    STRICT_GIVES("r1 = r10; r1 += -8; r2 = 8; call 2; r1 = r10; r1 += -8; r2 = 8; call 3; exit", 56))

ROWS(pointers_survive_in_whole_aligned_slots_only,
    GIVES("*(u64 *)(r10 - 8) = r1; r2 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r2 + 8); exit", 77),
    FAULTS("*(u64 *)(r10 - 8) = r1; *(u8 *)(r10 - 1) = 0; r2 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r2 + 8); exit", "vm-not-a-pointer"),
    FAULTS("*(u64 *)(r10 - 12) = r1; r2 = *(u64 *)(r10 - 12); r0 = *(u32 *)(r2 + 8); exit", "vm-not-a-pointer"),
    FAULTS("*(u64 *)(r10 - 8) = r10; r2 = *(u32 *)(r10 - 8); r0 = *(u8 *)(r2 - 1); exit", "vm-not-a-pointer"),
    FAULTS("*(u64 *)(r10 - 8) = r1; r3 = 0; lock *(u64 *)(r10 - 8) += r3; r2 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r2 + 8); exit", "vm-not-a-pointer"),
    FAULTS("*(u64 *)(r10 - 8) = r1; r1 = r10; r1 += -8; r2 = 1; call 2; r2 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r2 + 8); exit", "vm-not-a-pointer"),
    FAULTS("r2 = *(u32 *)(r1 + 0); *(u64 *)(r2 + 0) = r1; r2 = *(u64 *)(r2 + 0); r0 = *(u32 *)(r2 + 8); exit", "vm-not-a-pointer"))

ROWS(packets_end_where_they_end,
    GIVES("r2 = *(u32 *)(r1 + 0); r0 = *(u8 *)(r2 + 15); exit", 16),
    FAULTS("r2 = *(u32 *)(r1 + 0); r0 = *(u8 *)(r2 + 16); exit", "vm-out-of-bounds"),
    FAULTS("r2 = *(u32 *)(r1 + 0); r0 = *(u64 *)(r2 + 9); exit", "vm-out-of-bounds"),
    FAULTS("r2 = *(u32 *)(r1 + 0); r0 = *(u8 *)(r2 - 1); exit", "vm-out-of-bounds"),
    FAULTS("r2 = *(u32 *)(r1 + 4); r0 = *(u8 *)(r2 - 1); exit", "vm-out-of-bounds"),
    GIVES("r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4); r3 -= r2; r0 = r3; exit", 16))

ROWS(packet_pointers_end_when_the_packet_moves,
    FAULTS("r6 = r1; r7 = *(u32 *)(r1 + 0); call 4; r0 = *(u8 *)(r7 + 2); exit", "vm-packet-moved"),
    GIVES("r6 = r1; call 4; r7 = *(u32 *)(r6 + 0); r0 = *(u8 *)(r7 + 2); exit", 4))

ROWS(the_context_is_accessed_by_its_fields,
    GIVES("r0 = *(u32 *)(r1 + 8); exit", 77),
    GIVES("r0 = *(u8 *)(r1 + 8); exit", 77),
    GIVES("*(u32 *)(r1 + 8) = 5; r0 = *(u32 *)(r1 + 8); exit", 5),
    GIVES("r1 += 4; r0 = *(u32 *)(r1 + 4); exit", 77),
    FAULTS("*(u32 *)(r1 + 12) = 5; r0 = 0; exit", "vm-bad-context-access"),
    FAULTS("r0 = *(u32 *)(r1 + 16); exit", "vm-bad-context-access"),
    FAULTS("r0 = *(u32 *)(r1 + 10); exit", "vm-bad-context-access"),
    FAULTS("r0 = *(u64 *)(r1 + 0); exit", "vm-bad-context-access"),
    FAULTS("r0 = *(u16 *)(r1 + 0); exit", "vm-bad-context-access"),
    FAULTS("r0 = *(s32 *)(r1 + 0); exit", "vm-bad-context-access"),
    FAULTS("r2 = 1; lock *(u32 *)(r1 + 8) += w2; r0 = 0; exit", "vm-no-access"))

#define LOOKUP(map) "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map[idx:" map "]; call 1; "
ROWS(map_values_are_as_large_as_they_are,
    GIVES(LOOKUP("0") "r0 = *(u8 *)(r0 + 15); exit", 0),
    GIVES(LOOKUP("0") "r0 = *(u8 *)(r0 + 0); exit", 'f'),
    FAULTS(LOOKUP("0") "r0 = *(u8 *)(r0 + 16); exit", "vm-out-of-bounds"),
    FAULTS(LOOKUP("0") "*(u64 *)(r0 + 9) = 0; r0 = 0; exit", "vm-out-of-bounds"),
    FAULTS("*(u32 *)(r10 - 4) = 1; r2 = r10; r2 += -4; r1 = map[idx:0]; call 1; r0 = *(u8 *)(r0 + 0); exit", "vm-not-a-pointer"),
    FAULTS("r1 = map[idx:0]; r0 = *(u64 *)(r1 + 0); exit", "vm-no-access"),
    GIVES("r1 = map[idx:0][0] + 12; r0 = *(u32 *)(r1 + 0); exit", 0x737265),
    FAULTS("r1 = map[idx:0][0] + 13; r0 = *(u32 *)(r1 + 0); exit", "vm-out-of-bounds"),
    FAULTS("r1 = map[idx:9]; r0 = 0; exit", "vm-poisoned-instruction"))

ROWS(flags_of_maps_hold_for_programs,
    FAULTS(LOOKUP("1") "*(u8 *)(r0 + 0) = 1; r0 = 0; exit", "vm-read-only"),
    FAULTS(LOOKUP("1") "r2 = 1; lock *(u64 *)(r0 + 0) += r2; r0 = 0; exit", "vm-read-only"),
    FAULTS("r1 = map[idx:2][0] + 0; r0 = *(u8 *)(r1 + 0); exit", "vm-write-only"),
    FAULTS(LOOKUP("2") "r0 = *(u8 *)(r0 + 0); exit", "vm-write-only"),
    GIVES(LOOKUP("2") "*(u8 *)(r0 + 0) = 1; r0 = 0; exit", 0),
    FAULTS("r1 = map[idx:1]; call 14; exit", "vm-map-forbids"),
    GIVES("r1 = map[idx:0]; call 14; exit", 0x1234))

ROWS(helpers_get_what_their_contracts_say,
    FAULTS("r1 = map[idx:0]; call 13; exit", "vm-wrong-map-type"),
    FAULTS("r1 = 5; r2 = r10; call 1; exit", "vm-bad-argument"),
    FAULTS("r2 = r10; r2 += -3; r1 = map[idx:0]; call 1; exit", "vm-out-of-bounds"),
    FAULTS("r1 = r10; r1 += -8; r2 = 9; call 2; exit", "vm-out-of-bounds"),
    FAULTS("r1 = r10; r1 += -8; r2 = -1; call 2; exit", "vm-out-of-bounds"),
    FAULTS("r1 = r10; r1 += -8; r2 = 0; call 2; exit", "vm-zero-size"),
    GIVES("r1 = r10; r1 += -8; r2 = 0; call 3; exit", 0),
    GIVES("r1 = 0; r2 = 0; call 3; exit", 0),
    FAULTS("r1 = 0; r2 = 1; call 3; exit", "vm-bad-argument"),
    FAULTS("r1 = r10; call 12; exit", "vm-bad-argument"),
    FAULTS("r1 += 4; call 4; exit", "vm-bad-argument"),
    FAULTS("call 10; exit", "vm-helper-not-implemented"),
    FAULTS("call 99; exit", "vm-poisoned-instruction"),
    FAULTS("call 3; exit", "vm-unset-register"),
    GIVES("r1 = map[idx:1][0] + 0; call 11; exit", 0x1234),
    FAULTS("r1 = map[idx:0][0] + 0; call 11; exit", "vm-bad-argument"),
    FAULTS("r1 = map[idx:1][0] + 0; r2 = 16; call 2; exit", "vm-read-only"))

ROWS(records_are_given_back_once,
    GIVES("r1 = 8; call 5; *(u64 *)(r0 + 0) = 9; r1 = r0; call 6; r0 = 0; exit", 0),
    FAULTS("r1 = 8; call 5; *(u64 *)(r0 + 1) = 9; r1 = r0; call 6; r0 = 0; exit", "vm-out-of-bounds"),
    FAULTS("r1 = 8; call 5; r0 = 0; exit", "vm-leak"),
    FAULTS("r1 = 8; call 5; r6 = r0; r1 = r0; call 6; r0 = *(u8 *)(r6 + 0); exit", "vm-record-gone"),
    FAULTS("r1 = 8; call 5; r6 = r0; r1 = r0; call 6; r1 = r6; call 6; r0 = 0; exit", "vm-record-gone"),
    FAULTS("r1 = 8; call 5; r1 = r0; r1 += 1; call 6; r0 = 0; exit", "vm-bad-argument"),
    FAULTS("r1 = r10; call 6; r0 = 0; exit", "vm-bad-argument"))

ROWS(objects_of_the_host_are_told_apart_and_given_back_once,
    GIVES("r1 = 8; call 15; r6 = r0; r1 = r6; call 16; r1 = r6; call 17; r0 = 1; exit", 1),
    FAULTS("r1 = 8; call 15; r6 = r0; r1 = r6; call 18; r0 = 1; exit", "vm-bad-argument"),
    FAULTS("r1 = 8; call 15; r6 = r0; r1 = r6; call 17; r1 = r6; call 16; exit", "vm-record-gone"),
    FAULTS("r1 = 8; call 15; r6 = r0; r1 = r6; call 17; r1 = r6; call 17; exit", "vm-record-gone"),
    FAULTS("r1 = 8; call 15; r0 = 1; exit", "vm-leak"),
    FAULTS("r1 = 8; call 15; r0 = *(u8 *)(r0 + 0); exit", "vm-no-access"),
    FAULTS("r1 = 8; call 15; r0 += 1; r1 = r0; call 16; exit", "vm-bad-argument"))

ROWS(locks_are_held_one_at_a_time,
    GIVES(LOOKUP("0") "r6 = r0; r1 = r6; call 8; r1 = r6; call 9; r0 = 0; exit", 0),
    FAULTS(LOOKUP("0") "r6 = r0; r1 = r6; call 8; r0 = 0; exit", "vm-lock-held"),
    FAULTS(LOOKUP("0") "r6 = r0; r1 = r6; call 8; r1 = r6; call 8; r0 = 0; exit", "vm-lock-held"),
    FAULTS(LOOKUP("0") "r6 = r0; r1 = r6; call 8; r1 = 1; call 12; exit", "vm-lock-held"),
    FAULTS(LOOKUP("0") "r1 = r0; call 9; r0 = 0; exit", "vm-lock-not-held"),
    FAULTS(LOOKUP("0") "r6 = r0; r1 = r6; call 8; r1 = r6; r1 += 4; call 9; r0 = 0; exit", "vm-lock-not-held"),
    FAULTS("r1 = r10; r1 += -8; call 8; r0 = 0; exit", "vm-bad-argument"))

ROWS(frames_end_with_their_functions,
    FAULTS("call f; r0 = *(u8 *)(r0 - 1); exit; f: *(u8 *)(r10 - 1) = 1; r0 = r10; exit", "vm-frame-gone"),
    GIVES("r1 = r10; call f; r0 = *(u8 *)(r10 - 1); exit; f: *(u8 *)(r1 - 1) = 4; r0 = 0; exit", 4),
    GIVES("r6 = 5; call f; r0 = r6; exit; f: r6 = 1; r0 = 0; exit", 5),
    FAULTS("r6 = 5; call f; exit; f: r0 = r6; exit", "vm-unset-register"),
    FAULTS("r1 = 5; call f; r0 = r1; exit; f: r0 = 0; exit", "vm-unset-register"),
    FAULTS("call f; exit; f: call f; exit", "vm-call-depth"))

/* 8 + 9 + 10 from the caller's frame, three times over */
ROWS(callbacks_see_what_they_are_given,
    GIVES("*(u64 *)(r10 - 8) = 9; r1 = 3; r2 = code[f]; r3 = r10; r3 += -8; call 7; exit; f: r0 = *(u64 *)(r2 + 0); r0 += r1; r0 += -1; exit", 27),
    FAULTS("r1 = 1; r2 = code[f]; r3 = 0; call 7; exit; f: r0 = *(u64 *)(r2 + 0); exit", "vm-not-a-pointer"),
    FAULTS("r1 = 1; r2 = code[f]; r3 = 0; call 7; exit; f: r0 = r3; exit", "vm-unset-register"),
    FAULTS("r1 = 1; r2 = code[f]; r3 = 0; call 7; exit; f: exit", "vm-unset-register"),
    FAULTS("r1 = 1; r2 = 1; r3 = 0; call 7; exit", "vm-bad-argument"),
    FAULTS("r1 = 1; r2 = code[f]; r3 = 0; call 7; exit; f: r1 = 8; call 5; r0 = 0; exit", "vm-leak"),
    FAULTS("r1 = 1; r2 = code[f]; r3 = 0; call 7; exit; f: r1 = 1; r2 = code[f]; r3 = 0; call 7; exit", "vm-call-depth"))

ROWS(atomics_are_aligned,
    GIVES("*(u64 *)(r10 - 8) = 1; r2 = 2; lock *(u64 *)(r10 - 8) += r2; r0 = *(u64 *)(r10 - 8); exit", 3),
    FAULTS("r2 = 2; lock *(u64 *)(r10 - 12) += r2; r0 = 0; exit", "vm-misaligned-atomic"),
    GIVES("*(u64 *)(r10 - 8) = 1; r0 = 1; r2 = 2; r0 = cmpxchg_64(r10 - 8, r0, r2); r3 = *(u64 *)(r10 - 8); r0 += r3; exit", 3))
/* clang-format on */

TEST(a_fault_says_where_and_how_far)
{
    struct engines e;
    u8 bytes[16] = { 0 };
    u64 r0;
    struct skep_packet packet = {
        .data = bytes, .data_end = bytes + 16, .data_meta = bytes, .length = 16
    };
    struct engines_options options = { .hook = &packet_hook, .checked_only = true };
    engines_open(&e, "r2 = *(u32 *)(r1 + 0); r3 = 1 ll; r0 = *(u32 *)(r2 + 14); exit", &options);
    assert_int_equal(engines_run(&e, ENGINE_CHECKED, &packet, &r0), SKEP_TRAP);
    const struct skep_fault *fault = &e.thread.fault;
    char text_of_fault[200];
    assert_int_equal(fault->insn, 3);
    assert_string_equal(fault->function, "main");
    assert_int_equal(fault->region, SKEP_REGION_PACKET);
    assert_int_equal(fault->region_offset, 14);
    assert_int_equal(fault->region_bytes, 16);
    assert_int_equal(fault->bytes, 4);
    assert_true(fault->address == (u64)(uintptr_t)(bytes + 14));
    skep_error_text(&fault->error, text_of_fault, sizeof(text_of_fault));
    assert_string_equal(text_of_fault, "r2: 4 bytes at offset 14 of the packet, which has 16");
    engines_close(&e);
}

TEST(the_instructions_of_a_run_are_counted)
{
    struct engines e;
    struct engines_options options = { .hook = &packet_hook, .checked_only = true };
    struct skep_packet packet = { .length = 0 };
    u64 r0;
    engines_open(&e,
                 "r6 = 0; again: r1 = r6; call f; r6 = r0; if r6 < 10 goto again; exit; "
                 "f: r0 = r1; r0 += 1; exit",
                 &options);
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(engines_run(&e, ENGINE_CHECKED, &packet, &r0), SKEP_OK);
        assert_int_equal(e.thread.insns, 1 + 10 * (4 + 3) + 1);
        assert_true(rt_fuel_used(&e.thread) >= e.thread.insns);
    }
    engines_close(&e);
}

static const struct CMUnitTest tests[] = {
    UNIT(registers_hold_nothing_until_they_are_written),
    UNIT(numbers_are_no_addresses),
    UNIT(the_stack_has_512_bytes),
    UNIT(unwritten_stack_is_zero_or_a_fault),
    UNIT(pointers_survive_in_whole_aligned_slots_only),
    UNIT(packets_end_where_they_end),
    UNIT(packet_pointers_end_when_the_packet_moves),
    UNIT(the_context_is_accessed_by_its_fields),
    UNIT(map_values_are_as_large_as_they_are),
    UNIT(flags_of_maps_hold_for_programs),
    UNIT(helpers_get_what_their_contracts_say),
    UNIT(records_are_given_back_once),
    UNIT(objects_of_the_host_are_told_apart_and_given_back_once),
    UNIT(locks_are_held_one_at_a_time),
    UNIT(frames_end_with_their_functions),
    UNIT(callbacks_see_what_they_are_given),
    UNIT(atomics_are_aligned),
    UNIT(a_fault_says_where_and_how_far),
    UNIT(the_instructions_of_a_run_are_counted),
};

int main(void) { return cmocka_run_group_tests(tests, make_maps, drop_maps); }
