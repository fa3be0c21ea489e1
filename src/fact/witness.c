/* Witnesses: kept by place, found by place. */
#include "fact/witness.h"

void witness_init(struct witness *w, struct mem *mem)
{
    memset(w, 0, sizeof(*w));
    w->mem = mem;
    arena_init(&w->arena, mem);
    hash_index_init(&w->index, mem);
}

void witness_drop(struct witness *w)
{
    if (!w->mem)
        return;
    vec_drop(w->mem, &w->contexts);
    vec_drop(w->mem, &w->nodes);
    vec_drop(w->mem, &w->places);
    hash_index_drop(&w->index);
    arena_drop(&w->arena);
    w->values = NULL;
}

/* ---- places */

static u64 witness_hash(const struct witness *w, u32 context, u32 insn)
{
    (void)w;
    u64 key = (u64)context << 32 | insn;
    return hash_bytes(&key, sizeof(key), 1);
}

/* The position of a place, or WITNESS_NONE. */
static u32 witness_place(const struct witness *w, u32 context, u32 insn)
{
    u64 hash = witness_hash(w, context, insn);
    for (struct hash_probe p = hash_probe(&w->index, hash); hash_next(&w->index, &p);) {
        const struct state *s = w->nodes.data[w->places.data[p.position]].state;
        if (s->context == context && s->insn == insn)
            return p.position;
    }
    return WITNESS_NONE;
}

u32 witness_first(const struct witness *w, u32 context, u32 insn)
{
    u32 place = witness_place(w, context, insn);
    return place == WITNESS_NONE ? WITNESS_NONE : w->places.data[place];
}

/* ---- states */

static struct frame *witness_copy_frame(struct witness *w, const struct frame *from)
{
    struct frame *frame = arena_copy(&w->arena, from, sizeof(*from));
    if (!frame)
        return NULL;
    frame->references = 1;
    frame->room = NULL;
    if (from->n_slots)
        frame->slot = arena_copy(&w->arena, from->slot, from->n_slots * sizeof(from->slot[0]));
    return frame->slot || !from->n_slots ? frame : NULL;
}

static struct state *witness_copy(struct witness *w, const struct state *from)
{
    struct state *s = arena_new(&w->arena, struct state);
    if (!s)
        return NULL;
    memcpy(s, from, offsetof(struct state, relations));
    memcpy(s->relations, from->relations, from->n_relations * sizeof(struct relation));
    memcpy(s->held, from->held, from->n_held * sizeof(struct held));
    for (u32 i = 0; i < s->n_frames; i++) {
        s->frames[i] = witness_copy_frame(w, from->frames[i]);
        if (!s->frames[i])
            return NULL;
    }
    return s;
}

skep_status witness_add(struct witness *w, const struct state *from)
{
    struct witness_node node = { .state = witness_copy(w, from), .next = WITNESS_NONE };
    u32 place = witness_place(w, from->context, from->insn), n = w->nodes.n;
    if (n >= WITNESS_MOST_NODES)
        return SKEP_LIMIT;
    if (place != WITNESS_NONE)
        node.next = w->places.data[place];
    if (!node.state || !vec_push(w->mem, &w->nodes, node))
        return SKEP_NOMEM;
    if (place != WITNESS_NONE) {
        w->places.data[place] = n;
        return SKEP_OK;
    }
    bool ok =
        vec_push(w->mem, &w->places, n) &&
        hash_index_add(&w->index, witness_hash(w, from->context, from->insn), w->places.n - 1);
    return ok ? SKEP_OK : SKEP_NOMEM;
}

bool witness_take_values(struct witness *w, const struct value_table *table)
{
    struct value *values = arena_array(&w->arena, struct value, table->n);
    if (!values)
        return false;
    for (u32 i = 0; i < table->n; i++)
        values[i] = *value_at(table, i);
    w->values = values;
    return true;
}

/* ---- call strings */

bool witness_add_context(struct witness *w, const struct witness_context *context)
{
    return vec_push(w->mem, &w->contexts, *context);
}

u32 witness_find_context(const struct witness *w, const struct witness_context *context)
{
    for (u32 c = 0; c < w->contexts.n; c++) {
        const struct witness_context *known = &w->contexts.data[c];
        bool same = known->kind == context->kind && known->parent == context->parent &&
                    known->func == context->func;
        bool root = context->parent == WITNESS_NONE;
        if (same && (root ? known->map == context->map : known->call == context->call))
            return c;
    }
    return WITNESS_NONE;
}
