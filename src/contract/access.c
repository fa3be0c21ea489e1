/* How the host does what a program asks of its context: which bytes of the host's struct, and what
 * is kept of them.  Lowering and the checked engine both go by this. */
#include "contract/contract.h"

static bool access_is_memory(const struct skep_ctx_field *field) { return field->host_size > 8; }

/* An 8-byte access over two fields of 4 bytes, which the host must keep side by side as well. */
static bool access_is_wide(const struct skep_ctx_field *field, u32 offset, u32 size)
{
    return offset + size > (u32)field->offset + field->size;
}
static bool access_is_contiguous(const struct skep_ctx_field *field)
{
    return field[0].host_size == 4 && field[1].host_size == 4 &&
           field[1].host_offset == field[0].host_offset + 4;
}

/* An access of whole host bytes, in the place that corresponds to its offset. */
static struct ctx_access access_in_place(const struct skep_ctx_field *field, u32 offset, u32 size)
{
    return (struct ctx_access){
        .field = field,
        .host_offset = field->host_offset + (offset - field->offset),
        .host_bytes = (u8)size,
        .bytes = 8,
    };
}

bool hook_plan_load(const struct skep_hook *hook, u32 offset, u32 size, struct ctx_access *out)
{
    const struct skep_ctx_field *field = hook_field_to_load(hook, offset, size);
    if (!field)
        return false;
    if (access_is_memory(field)) {
        *out = access_in_place(field, offset, size);
        return true;
    }
    if (access_is_wide(field, offset, size)) {
        *out = access_in_place(field, offset, 8);
        return access_is_contiguous(field);
    }
    u32 delta = offset - field->offset;
    bool pointer = field->kind != SKEP_FIELD_SCALAR;
    *out = (struct ctx_access){
        .field = field,
        .host_offset = field->host_offset,
        .host_bytes = delta < 8 && field->host_size ? (pointer ? 8 : field->host_size) : 0,
        .shift = (u8)(delta * 8),
        .bytes = pointer || size >= field->host_size ? 8 : (u8)size,
    };
    return true;
}

bool hook_plan_store(const struct skep_hook *hook, u32 offset, u32 size, struct ctx_access *out)
{
    const struct skep_ctx_field *field = hook_field_to_store(hook, offset, size);
    if (!field || field->kind != SKEP_FIELD_SCALAR || field->host_size == 0)
        return false;
    if (access_is_memory(field)) {
        *out = access_in_place(field, offset, size);
        return true;
    }
    *out = access_in_place(field, offset, min_u32(size, field->host_size));
    if (!access_is_wide(field, offset, size))
        return true;
    out->host_bytes = 8;
    return access_is_contiguous(field);
}
