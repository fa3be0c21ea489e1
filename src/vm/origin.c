/* Where values come from: pointers as they are made, and what arithmetic leaves of them. */
#include "vm/checked.h"

struct checked_value checked_frame_pointer(const struct checked_run_state *s, u32 frame)
{
    u8 *base = s->thread->stack + (size_t)frame * RT_FRAME_BYTES;
    return (struct checked_value){
        .bits = (u64)(uintptr_t)base + RT_FRAME_BYTES,
        .from = { .kind = CHECKED_STACK,
                  .permissions = CHECKED_READ | CHECKED_WRITE,
                  .frame = (u8)frame,
                  .base = (u64)(uintptr_t)base,
                  .bytes = RT_FRAME_BYTES,
                  .generation = s->frames[frame].activation },
    };
}

struct checked_value checked_map_pointer(struct skep_map *map)
{
    return (struct checked_value){
        .bits = (u64)(uintptr_t)map,
        .from = { .kind = CHECKED_MAP, .base = (u64)(uintptr_t)map, .owner = map },
    };
}

struct checked_value checked_value_pointer(struct skep_map *map, u64 address)
{
    u32 may = (map_program_may_read(map) ? CHECKED_READ : 0) |
              (map_program_may_write(map) ? CHECKED_WRITE : 0);
    return (struct checked_value){
        .bits = address,
        .from = { .kind = CHECKED_MAP_VALUE,
                  .permissions = (u8)may,
                  .base = address,
                  .bytes = map->spec.value_size,
                  .owner = map },
    };
}

struct checked_value checked_memory_pointer(void *address, u64 bytes, u8 permissions)
{
    if (!address)
        return checked_number(0);
    return (struct checked_value){
        .bits = (u64)(uintptr_t)address,
        .from = { .kind = CHECKED_MEMORY,
                  .permissions = permissions,
                  .base = (u64)(uintptr_t)address,
                  .bytes = bytes },
    };
}

struct checked_value checked_object_pointer(u64 bits, enum checked_object object)
{
    if (!bits)
        return checked_number(0);
    return (struct checked_value){
        .bits = bits,
        .from = { .kind = CHECKED_OPAQUE, .object = (u8)object, .base = bits },
    };
}

struct checked_value checked_context(const struct checked_run_state *s)
{
    const struct skep_hook *hook = s->program->in.hook;
    const struct skep_memory *block = s->ctx;
    u8 writable = hook->flags & SKEP_HOOK_CTX_WRITABLE ? CHECKED_WRITE : 0;
    switch ((enum skep_ctx_kind)hook->ctx_kind) {
    case SKEP_CTX_FIELDS:
        if (!s->ctx)
            break;
        return (struct checked_value){
            .bits = (u64)(uintptr_t)s->ctx,
            .from = { .kind = CHECKED_CTX,
                      .base = (u64)(uintptr_t)s->ctx,
                      .bytes = hook->ctx_size },
        };
    case SKEP_CTX_MEMORY:
        if (!block)
            break;
        return checked_memory_pointer(
            block->data, hook->ctx_size ? min_u64(block->size, hook->ctx_size) : block->size,
            CHECKED_READ | writable);
    case SKEP_CTX_ARGS: return checked_memory_pointer(s->ctx, hook->ctx_size, CHECKED_READ);
    case SKEP_CTX_NONE: break;
    }
    return checked_number(0);
}

static struct checked_value checked_packet_pointer(const struct checked_run_state *s, u64 bits,
                                                   u64 bytes)
{
    bool writable = s->program->in.hook->flags & SKEP_HOOK_PACKET_WRITE;
    return (struct checked_value){
        .bits = bits,
        .from = { .kind = CHECKED_PACKET,
                  .permissions = writable ? CHECKED_READ | CHECKED_WRITE : CHECKED_READ,
                  .base = bits,
                  .bytes = bytes,
                  .generation = s->packet_generation },
    };
}

struct checked_value checked_field_value(const struct checked_run_state *s,
                                         const struct skep_ctx_field *field, u64 bits)
{
    const struct skep_packet *packet = s->thread->packet;
    bool writable = field->access & SKEP_FIELD_WRITE;
    switch ((enum skep_field_kind)field->kind) {
    case SKEP_FIELD_PACKET:
        return checked_packet_pointer(s, bits, packet ? (u64)(packet->data_end - packet->data) : 0);
    case SKEP_FIELD_PACKET_META:
        return checked_packet_pointer(s, bits,
                                      packet ? (u64)(packet->data - packet->data_meta) : 0);
    case SKEP_FIELD_PACKET_END: return checked_packet_pointer(s, bits, 0);
    case SKEP_FIELD_POINTER:
        return checked_memory_pointer((void *)(uintptr_t)bits, field->bytes,
                                      writable ? CHECKED_READ | CHECKED_WRITE : CHECKED_READ);
    case SKEP_FIELD_SOCK: return checked_object_pointer(bits, CHECKED_SOCK);
    case SKEP_FIELD_BTF_PTR: return checked_object_pointer(bits, CHECKED_TYPED);
    case SKEP_FIELD_SCALAR:
    case SKEP_FIELD_POINTER_END: break;
    }
    return checked_number(bits);
}

static bool checked_can_move(const struct checked_value *value)
{
    return value->from.kind != CHECKED_NUMBER && value->from.kind != CHECKED_MAP &&
           value->from.kind != CHECKED_CODE && value->from.kind != CHECKED_OPAQUE;
}

static bool checked_is_zero(const struct checked_value *value)
{
    return value->from.kind == CHECKED_NUMBER && value->bits == 0;
}

struct checked_origin checked_origin_of(const struct insn *insn, const struct checked_value *dst,
                                        const struct checked_value *src)
{
    static const struct checked_origin number = { .kind = CHECKED_NUMBER };
    bool dst_moves = checked_can_move(dst), src_moves = checked_can_move(src);
    switch (insn->op) {
    case ISA_MOV64_REG: return src->from;
    case ISA_ADD64_REG:
        if (checked_is_zero(src))
            return dst->from;
        if (checked_is_zero(dst))
            return src->from;
        if (dst_moves && src_moves) /* the sum of two addresses is none */
            return number;
        return dst_moves ? dst->from : src_moves ? src->from : number;
    case ISA_SUB64_REG: return dst_moves && !src_moves ? dst->from : number;
    case ISA_ADD64_IMM:
    case ISA_SUB64_IMM: return dst_moves || insn->imm == 0 ? dst->from : number;
    default: return number;
    }
}
