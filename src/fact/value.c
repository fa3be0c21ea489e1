/* Interned values. */
#include "fact/value.h"

#include "base/hash.h"

const char *value_kind_name(enum value_kind kind)
{
    static const char *const names[VALUE_KIND_COUNT] = {
#define K(NAME, text) [VALUE_##NAME] = text,
        VALUE_KINDS(K)
#undef K
    };
    return names[kind];
}

/* The interval that says it shortest. */
static void value_print_range(struct text *out, const struct scalar *range)
{
    bool negative = (s64)range->smin < 0 && (s64)range->smax >= 0;
    if (range->umin == range->umax)
        text_printf(out, "%" PRId64, (s64)range->umin);
    else if (range->umin == 0 && range->umax == UINT64_MAX && negative &&
             (s64)range->smin == INT64_MIN)
        text_string(out, "any");
    else if (negative || (s64)range->smax < 0)
        text_printf(out, "%" PRId64 " to %" PRId64, (s64)range->smin, (s64)range->smax);
    else
        text_printf(out, "%" PRIu64 " to %" PRIu64, range->umin, range->umax);
}

void value_print(struct text *out, const struct value *value)
{
    text_string(out, value_kind_name((enum value_kind)value->kind));
    if (value->kind == VALUE_NONE)
        return;
    text_string(out, value->kind == VALUE_SCALAR ? ", " : " at offset ");
    value_print_range(out, &value->range);
    if (value->flags & VALUE_NULLABLE)
        text_string(out, ", or NULL");
}

/* Of the values themselves, which are not an adversary's choice alone: states are bounded by other
 * limits, and a long probe costs only time that those limits bound. */
static u64 value_hash(const struct value *value)
{
    enum { VALUE_LANES = 4 }; /* independent of each other, so that multiplications overlap */
    const u64 *words = (const u64 *)(const void *)value;
    u64 lane[VALUE_LANES] = { 0 }, hash = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < sizeof(*value) / 8; i++)
        lane[i % VALUE_LANES] = (lane[i % VALUE_LANES] ^ words[i]) * 0xff51afd7ed558ccdu + i;
    for (size_t i = 0; i < VALUE_LANES; i++)
        hash = (hash ^ lane[i] ^ lane[i] >> 32) * 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 32;
}
_Static_assert(sizeof(struct value) % 8 == 0, "hashed by words");

static bool value_table_add_chunk(struct value_table *table)
{
    size_t old = table->n_chunks * sizeof(struct value *);
    struct value **chunks =
        mem_resize(table->mem, table->chunks, old, old + sizeof(struct value *));
    if (!chunks)
        return false;
    table->chunks = chunks;
    chunks[table->n_chunks] = mem_zalloc(table->mem, VALUE_CHUNK * sizeof(struct value));
    if (!chunks[table->n_chunks]) {
        table->chunks = mem_resize(table->mem, chunks, old + sizeof(struct value *), old);
        return false;
    }
    table->n_chunks++;
    return true;
}

bool value_table_init(struct value_table *table, struct mem *mem)
{
    *table = (struct value_table){ .mem = mem, .n_slots = 1024 };
    table->slots = mem_zalloc(mem, table->n_slots * sizeof(value_id));
    table->n = 1; /* VALUE_NONE, all zero */
    return table->slots && value_table_add_chunk(table);
}

void value_table_drop(struct value_table *table)
{
    mem_free(table->mem, table->slots, (size_t)table->n_slots * sizeof(value_id));
    for (u32 i = 0; i < table->n_chunks; i++)
        mem_free(table->mem, table->chunks[i], VALUE_CHUNK * sizeof(struct value));
    mem_free(table->mem, table->chunks, table->n_chunks * sizeof(struct value *));
}

static void value_table_place(value_id *slots, u32 n_slots, u64 hash, value_id id)
{
    u32 at = (u32)hash & (n_slots - 1);
    while (slots[at])
        at = (at + 1) & (n_slots - 1);
    slots[at] = id;
}

static bool value_table_grow(struct value_table *table)
{
    u32 n = table->n_slots * 2;
    value_id *slots = mem_zalloc(table->mem, (size_t)n * sizeof(value_id));
    if (!slots)
        return false;
    for (u32 id = 1; id < table->n; id++)
        value_table_place(slots, n, value_hash(value_at(table, id)), id);
    mem_free(table->mem, table->slots, (size_t)table->n_slots * sizeof(value_id));
    table->slots = slots;
    table->n_slots = n;
    return true;
}

static value_id value_table_add(struct value_table *table, const struct value *value, u64 hash)
{
    bool room = (table->n < table->n_slots / 2 || value_table_grow(table)) &&
                (table->n < table->n_chunks * VALUE_CHUNK || value_table_add_chunk(table));
    if (!room) {
        table->failed = true;
        return 0;
    }
    table->chunks[table->n / VALUE_CHUNK][table->n % VALUE_CHUNK] = *value;
    value_table_place(table->slots, table->n_slots, hash, table->n);
    return table->n++;
}

value_id value_intern(struct value_table *table, const struct value *value)
{
    if (value->kind == VALUE_NONE)
        return 0;
    u64 hash = value_hash(value);
    u32 at = (u32)hash & (table->n_slots - 1);
    for (value_id id; (id = table->slots[at]) != 0; at = (at + 1) & (table->n_slots - 1))
        if (memcmp(value_at(table, id), value, sizeof(*value)) == 0)
            return id;
    return value_table_add(table, value, hash);
}
