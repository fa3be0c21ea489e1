/* Lookups in known maps: address arithmetic where the map's type says that its values lie in a row,
 * and a direct call of what the type has for the map's keys elsewhere.  Which helper is the lookup
 * says its contract (SKEP_LOOKS_UP), how values are found says the map type (skep_map_type.layout,
 * .finder): nothing here knows a helper or a map type by name.
 *
 * A comparison of the result with NULL becomes one of the index, and where the result was found not
 * to be NULL it is the address alone.
 *
 * Needs calls as built: their origins tell the helper.  Keeps the blocks.  The key's place on the
 * stack is then only loaded from, so `slots` comes after. */
#include "opt/make.h"
#include "opt/pass.h"

/* A lookup that became arithmetic. */
struct inline_lookup {
    u32 index, address;
    u32 entries;
    u32 found; /* the block that is reached only when the result is not NULL; CODE_NONE: none */
};

struct inline_map {
    struct opt *opt;
    struct ssa_func *func;
    struct inline_lookup *lookups; /* by value, of those that were there before; address 0: none */
    u32 room;
    bool changed, arithmetic;
};

/* ---- what is called, and with which map */

static bool inline_is_lookup(const struct inline_map *m, const struct ssa_insn *insn)
{
    const struct skep_helper *helper = insn->n_args >= 3 ? opt_helper(m->opt, insn) : NULL;
    return helper && insn->op != SSA_CALL_PURE && (helper->effects & SKEP_LOOKS_UP);
}

/* One of the program's, so that it can be asked. */
static struct skep_map *inline_map_at(const struct inline_map *m, u64 address)
{
    for (u32 i = 0; i < m->opt->in->n_maps; i++)
        if ((u64)(uintptr_t)m->opt->in->maps[i] == address)
            return m->opt->in->maps[i];
    return NULL;
}

static struct skep_map *inline_map_of_fact(const struct inline_map *m, u32 origin)
{
    const struct facts *facts = m->opt->in->facts;
    const struct fact_call *call = facts ? facts_call(facts, origin) : NULL;
    bool known = call && call->arg[0].kind == FACT_ARG_MAP && call->arg[0].map < m->opt->in->n_maps;
    return known ? m->opt->in->maps[call->arg[0].map] : NULL;
}

static struct skep_map *inline_known_map(const struct inline_map *m, const struct ssa_insn *insn)
{
    u32 map = ssa_args(m->func, insn)[1];
    return ssa_is_const(m->func, map) ? inline_map_at(m, ssa_at(m->func, map)->imm)
                                      : inline_map_of_fact(m, insn->origin);
}

/* ---- arithmetic */

static u32 inline_load(struct inline_map *m, u32 at, u32 base, s64 off, enum host_region region)
{
    u32 value = ssa_new(m->func, (struct ssa_insn){ .op = SSA_LOAD,
                                                    .width = 4,
                                                    .region = (u8)region,
                                                    .arg = { base },
                                                    .off = off,
                                                    .origin = ssa_at(m->func, at)->origin });
    if (!value)
        return 0;
    ssa_insert_before(m->func, at, value);
    m->func->ranges[value].hi = UINT32_MAX;
    return value;
}

/* The key, from where the argument points. */
static u32 inline_index(struct inline_map *m, u32 at, u32 key)
{
    const struct ssa_insn *insn = ssa_at(m->func, key);
    bool sum = insn->op == SSA_ADD && insn->width == 8 && ssa_is_const(m->func, insn->arg[1]);
    u32 base = sum ? insn->arg[0] : key;
    s64 off = sum ? (s64)ssa_at(m->func, insn->arg[1])->imm : 0;
    bool frame = ssa_at(m->func, base)->op == SSA_FRAME;
    return inline_load(m, at, base, off, frame ? HOST_REGION_STACK : HOST_REGION_ANY);
}

/* The bytes between the first value of the first slot and that of the running one. */
static u32 inline_cpu_offset(struct inline_map *m, u32 at, u32 thread, u64 stride)
{
    u32 cpu = inline_load(m, at, thread, offsetof(struct skep_thread, cpu), HOST_REGION_HOST);
    return cpu ? make_with(m->func, at, SSA_MUL, 8, cpu, stride) : 0;
}

/* Whatever the index is, the sum does not wrap. */
static struct ssa_range inline_range(const struct skep_map_layout *layout, u32 n_cpus)
{
    u64 first = (u64)(uintptr_t)layout->values, most;
    bool fits = mul_ok(layout->stride, UINT32_MAX, &most) &&
                add_ok(most, layout->cpu_stride * n_cpus, &most) && add_ok(most, first, &most);
    return fits ? (struct ssa_range){ first, most } : (struct ssa_range){ 0, UINT64_MAX };
}

static u32 inline_address(struct inline_map *m, u32 at, u32 index, u32 thread,
                          const struct skep_map_layout *layout, u32 n_cpus)
{
    u32 offset = make_with(m->func, at, SSA_MUL, 8, index, layout->stride);
    if (layout->cpu_stride && n_cpus > 1) {
        u32 cpu = inline_cpu_offset(m, at, thread, layout->cpu_stride);
        offset = cpu ? make_op(m->func, at, SSA_ADD, 8, offset, cpu) : 0;
    }
    if (!offset)
        return 0;
    u32 address = make_with(m->func, at, SSA_ADD, 8, offset, (u64)(uintptr_t)layout->values);
    if (address)
        m->func->ranges[address] = inline_range(layout, n_cpus);
    return address;
}

/* The call becomes: inside ? address : NULL. */
static void inline_by_layout(struct inline_map *m, u32 at, const struct skep_map *map,
                             const struct skep_map_layout *layout)
{
    struct ssa_func *func = m->func;
    u32 thread = ssa_args(func, ssa_at(func, at))[0], key = ssa_args(func, ssa_at(func, at))[2];
    u32 index = inline_index(m, at, key);
    u32 address = index ? inline_address(m, at, index, thread, layout, map->n_cpus) : 0;
    u32 inside = address ? make_with(func, at, SSA_LT, 8, index, map->spec.max_entries) : 0;
    u32 none = ssa_const(func, 0);
    if (!inside || !none)
        return;
    make_into(func, at, SSA_SELECT, 8, inside, address);
    ssa_at(func, at)->arg[2] = none;
    func->ranges[at] = (struct ssa_range){ 0, func->ranges[address].hi };
    m->lookups[at] = (struct inline_lookup){
        .index = index, .address = address, .entries = map->spec.max_entries, .found = CODE_NONE
    };
    m->changed = m->arithmetic = true;
}

static void inline_lookup(struct inline_map *m, u32 at)
{
    struct ssa_insn *insn = ssa_at(m->func, at);
    struct skep_map *map = inline_is_lookup(m, insn) ? inline_known_map(m, insn) : NULL;
    struct skep_map_layout layout;
    if (!map)
        return;
    if (map->type->layout && map->type->layout(map, &layout)) {
        inline_by_layout(m, at, map, &layout);
        return;
    }
    skep_helper_fn *finder = map->type->finder ? map->type->finder(map) : NULL;
    if (!finder)
        return;
    insn->op = SSA_CALL_QUIET;
    insn->imm = (u64)(uintptr_t)finder;
    m->changed = true;
}

/* ---- those who use the results */

/* A comparison of a lookup's result with NULL: the lookup, or 0. */
static u32 inline_null_test(const struct inline_map *m, const struct ssa_insn *insn)
{
    bool compares = (insn->op == SSA_EQ || insn->op == SSA_NE) && insn->width == 8 &&
                    ssa_is_const(m->func, insn->arg[1]) && ssa_at(m->func, insn->arg[1])->imm == 0;
    return compares && insn->arg[0] < m->room && m->lookups[insn->arg[0]].address ? insn->arg[0]
                                                                                  : 0;
}

/* Where the result of a lookup in this block is tested at its end. */
static void inline_note_test(struct inline_map *m, u32 block)
{
    const struct ssa_insn *end = ssa_at(m->func, m->func->blocks[block].last);
    if (end->op != SSA_BRANCH)
        return;
    const struct ssa_insn *test = ssa_at(m->func, end->arg[0]);
    u32 lookup = inline_null_test(m, test);
    u32 found = m->func->blocks[block].succ[test->op == SSA_EQ];
    if (lookup && m->func->blocks[found].n_preds == 1)
        m->lookups[lookup].found = found;
}

/* EQ: the index is too large; NE: it is not. */
static void inline_turn_test(struct inline_map *m, u32 at)
{
    const struct ssa_insn *insn = ssa_at(m->func, at);
    u32 lookup = inline_null_test(m, insn);
    if (!lookup)
        return;
    struct inline_lookup known = m->lookups[lookup];
    bool absent = insn->op == SSA_EQ;
    u32 limit = ssa_const(m->func, absent ? known.entries - 1 : known.entries);
    if (limit)
        make_into(m->func, at, SSA_LT, 8, absent ? limit : known.index,
                  absent ? known.index : limit);
}

/* Where it is not NULL, a result is the address.  block: where it is used. */
static void inline_turn_use(struct inline_map *m, u32 *arg, u32 block)
{
    const struct inline_lookup *lookup = *arg < m->room ? &m->lookups[*arg] : NULL;
    if (lookup && lookup->address && lookup->found != CODE_NONE &&
        ssa_dominates(m->func, lookup->found, block))
        *arg = lookup->address;
}

static void inline_turn_uses(struct inline_map *m, u32 block)
{
    for (u32 at = m->func->blocks[block].first; at; at = ssa_at(m->func, at)->next) {
        struct ssa_insn *insn = ssa_at(m->func, at);
        u32 *args = ssa_args(m->func, insn);
        for (u32 a = 0; a < insn->n_args; a++)
            inline_turn_use(m, &args[a],
                            insn->op == SSA_PHI ? m->func->blocks[block].preds[a] : block);
        inline_turn_test(m, at);
    }
}

bool opt_inline_map(struct opt *opt, struct ssa_func *func)
{
    struct inline_map m = { .opt = opt, .func = func, .room = func->n };
    m.lookups = arena_array(&opt->scratch, struct inline_lookup, func->n);
    func->failed |= !m.lookups;
    if (!opt->in->n_maps)
        return false;
    for (u32 b = 0; b < func->n_blocks && !func->failed; b++) {
        for (u32 at = func->blocks[b].first; at && !func->failed; at = ssa_at(func, at)->next)
            inline_lookup(&m, at);
        if (m.arithmetic && !func->failed && func->blocks[b].last)
            inline_note_test(&m, b);
    }
    for (u32 b = 0; m.arithmetic && b < func->n_blocks && !func->failed; b++)
        inline_turn_uses(&m, b);
    return m.changed;
}
