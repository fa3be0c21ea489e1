/* Packets (include/skep/packet.h). */
#include "api/api.h"
#include "hook/hook.h"

skep_status skep_packet_new(skep_env *env, size_t capacity, skep_packet **out)
{
    if (!env || !out || capacity > PACKET_MAX)
        return SKEP_BAD_ARG;
    struct skep_packet *packet = packet_new(&env->mem, (u32)capacity);
    if (!packet)
        return SKEP_NOMEM;
    *out = packet;
    return SKEP_OK;
}

void skep_packet_free(skep_packet *packet) { packet_delete(packet); }

skep_status skep_packet_set(skep_packet *packet, const void *frame, size_t size)
{
    return packet_set(packet, frame, size);
}

skep_status skep_packet_set_frags(skep_packet *packet, const void *frame, size_t size,
                                  size_t linear, size_t fragment_bytes)
{
    if (size > PACKET_MAX || fragment_bytes > PACKET_MAX)
        return SKEP_LIMIT;
    return packet_set_frags(packet, frame, size, (u32)min_u64(linear, size), (u32)fragment_bytes);
}

const void *skep_packet_data(const skep_packet *packet, size_t *size)
{
    *size = (size_t)(packet->data_end - packet->data);
    return packet->data;
}

size_t skep_packet_size(const skep_packet *packet) { return packet->length; }

skep_status skep_packet_read(const skep_packet *packet, size_t offset, void *out, size_t size)
{
    if (offset > packet->length || size > packet->length - offset)
        return SKEP_BAD_ARG;
    return packet_load(packet, (u32)offset, out, (u32)size) == 0 ? SKEP_OK : SKEP_BAD_ARG;
}

/* Fields: as any packet hook's table names them; all tables see the same struct. */

static const struct skep_ctx_field *packet_field_of(const struct skep_hook *hook, const char *name)
{
    for (u32 i = 0; i < hook->n_fields; i++) {
        const struct skep_ctx_field *field = &hook->fields[i];
        if (field->kind == SKEP_FIELD_SCALAR && field->host_size >= 1 && field->host_size <= 8 &&
            !strcmp(field->name, name))
            return field;
    }
    return NULL;
}

static const struct skep_ctx_field *packet_find_field(const char *name)
{
    for (u32 i = 0; i < n_hooks; i++) {
        const struct skep_ctx_field *field =
            hooks[i]->flags & SKEP_HOOK_PACKET ? packet_field_of(hooks[i], name) : NULL;
        if (field)
            return field;
    }
    return NULL;
}

skep_status skep_packet_set_field(skep_packet *packet, const char *name, uint64_t value)
{
    const struct skep_ctx_field *field = packet_find_field(name);
    if (!field)
        return SKEP_NOT_FOUND;
    if (field->host_offset == offsetof(struct skep_packet, length))
        return SKEP_BAD_ARG;
    u8 *at = (u8 *)packet + field->host_offset;
    switch (field->host_size) {
    case 1: *at = (u8)value; break;
    case 2: *(u16 *)(void *)at = (u16)value; break;
    case 4: *(u32 *)(void *)at = (u32)value; break;
    default: *(u64 *)(void *)at = value; break;
    }
    return SKEP_OK;
}

skep_status skep_packet_field(const skep_packet *packet, const char *name, uint64_t *value)
{
    const struct skep_ctx_field *field = packet_find_field(name);
    if (!field)
        return SKEP_NOT_FOUND;
    const u8 *at = (const u8 *)packet + field->host_offset;
    switch (field->host_size) {
    case 1: *value = *at; break;
    case 2: *value = *(const u16 *)(const void *)at; break;
    case 4: *value = *(const u32 *)(const void *)at; break;
    default: *value = *(const u64 *)(const void *)at; break;
    }
    return SKEP_OK;
}

struct skep_redirect skep_packet_redirect(const skep_packet *packet)
{
    return (struct skep_redirect){ .ifindex = packet->redirect_ifindex,
                                   .flags = packet->redirect_flags,
                                   .map = packet->redirect_map,
                                   .key = packet->redirect_key };
}
