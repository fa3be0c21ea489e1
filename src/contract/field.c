/* Which field of a context does an access mean?  The rules are those that Linux's verifier applies
 * to uapi contexts (is_valid_access of the program types in net/core/filter.c): aligned, inside one
 * field, narrow loads where the field allows them, stores of the whole field. */
#include "contract/contract.h"

/* The last field that begins at or before an offset, or NULL. */
static const struct skep_ctx_field *field_before(const struct skep_hook *hook, u32 offset)
{
    u32 lo = 0, hi = hook->n_fields;
    while (lo < hi) {
        u32 middle = lo + (hi - lo) / 2;
        if (hook->fields[middle].offset <= offset)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo ? &hook->fields[lo - 1] : NULL;
}

static bool field_is_memory(const struct skep_ctx_field *field) { return field->host_size > 8; }

static bool field_is_whole(const struct skep_ctx_field *field, u32 offset, u32 size)
{
    return offset == field->offset && size == field->size;
}

/* A wide access begins with its field and ends with the next one. */
static bool field_spans_next(const struct skep_ctx_field *field, u32 offset, u32 size)
{
    return (field->access & SKEP_FIELD_WIDE) && offset == field->offset &&
           size == (u32)field->size + field[1].size;
}

const struct skep_ctx_field *hook_field_at(const struct skep_hook *hook, u32 offset, u32 size)
{
    if ((size != 1 && size != 2 && size != 4 && size != 8) || offset % size != 0)
        return NULL;
    const struct skep_ctx_field *field = field_before(hook, offset);
    if (!field)
        return NULL;
    if (field_is_whole(field, offset, size) || field_spans_next(field, offset, size))
        return field;
    bool inside = (u64)offset + size <= (u64)field->offset + field->size;
    bool narrow = field->kind == SKEP_FIELD_SCALAR && !(field->access & SKEP_FIELD_NO_NARROW);
    return inside && narrow ? field : NULL;
}

const struct skep_ctx_field *hook_field_to_load(const struct skep_hook *hook, u32 offset, u32 size)
{
    const struct skep_ctx_field *field = hook_field_at(hook, offset, size);
    return field && (field->access & SKEP_FIELD_READ) ? field : NULL;
}

const struct skep_ctx_field *hook_field_to_store(const struct skep_hook *hook, u32 offset, u32 size)
{
    const struct skep_ctx_field *field = hook_field_at(hook, offset, size);
    if (!field || !(field->access & SKEP_FIELD_WRITE) || field->kind != SKEP_FIELD_SCALAR)
        return NULL;
    bool whole = field_is_memory(field) || field_is_whole(field, offset, size) ||
                 field_spans_next(field, offset, size);
    return whole ? field : NULL;
}
