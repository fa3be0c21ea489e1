/* Contexts by the hook's descriptor: packets from captures, memory from bytes, and any field by its
 * name in the hook's table. */
#include "input.h"
#include "out.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_ARGS 12u /* arguments of a traced function that a program can ask for */
#define INPUT_PACKET_MAX 65535u
#define INPUT_FRAGMENT_BYTES 4096u /* a page, as drivers use them */
#define INPUT_PACKET_MIN 64        /* a packet program without input gets that many zero bytes */

static bool is_packet_hook(const struct skep_hook *hook) { return hook->flags & SKEP_HOOK_PACKET; }

static bool takes_bytes(const struct skep_hook *hook)
{
    return is_packet_hook(hook) || hook->ctx_kind == SKEP_CTX_MEMORY;
}

/* ---- the values of --ctx ------------------------------------------------------------------- */

static const struct skep_ctx_field *field_find(const struct skep_hook *hook, const char *name)
{
    for (uint32_t i = 0; i < hook->n_fields; i++)
        if (!strcmp(hook->fields[i].name, name))
            return &hook->fields[i];
    return NULL;
}

static int field_unknown(const struct skep_hook *hook, const char *name)
{
    char *list = need(strdup(""));
    for (uint32_t i = 0; i < hook->n_fields; i++) {
        char *longer = format_new("%s%s%s", list, i ? ", " : "", hook->fields[i].name);
        free(list);
        list = longer;
    }
    int status = *list ? say_usage("--ctx: %s has no field %s; it has %s", hook->name, name, list)
                       : say_usage("--ctx: %s has no field %s", hook->name, name);
    free(list);
    return status;
}

/* An integer, or a string that spells one ("0x…"). */
static bool json_number(const json_t *value, size_t size, uint64_t *out)
{
    if (json_is_integer(value)) {
        *out = (uint64_t)json_integer_value(value);
        return true;
    }
    return json_is_string(value) && number_parse(json_string_value(value), size, out);
}

static int field_bytes(const struct skep_ctx_field *field, const json_t *value, size_t size,
                       struct bytes_buffer *out)
{
    const char *why = "";
    const char *text = json_string_value(value);
    if (!text)
        return say_usage("--ctx: %s takes a string of bytes", field->name);
    if (size == 0)
        return data_parse(text, out) ? STATUS_OK : STATUS_USAGE;
    *out = (struct bytes_buffer){ need(calloc(1, size)), size };
    if (value_parse(text, size, false, out->data, &why))
        return STATUS_OK;
    return say_usage("--ctx: %s (%zu bytes): %s", field->name, size, why);
}

static int field_take(const struct skep_hook *hook, const char *name, const json_t *value,
                      struct settings *settings)
{
    const struct skep_ctx_field *field = field_find(hook, name);
    if (!field)
        return field_unknown(hook, name);
    struct field_value *taken = &settings->fields[settings->n_fields++];
    *taken = (struct field_value){ .field = field };
    if (field->kind == SKEP_FIELD_POINTER)
        return field_bytes(field, value, field->bytes, &taken->bytes);
    if (is_packet_hook(hook) && !strcmp(name, "len"))
        return say_usage("--ctx: len is the packet's own; give it other bytes");
    if (field->kind != SKEP_FIELD_SCALAR)
        return say_usage("--ctx: %s is a pointer that the host sets", name);
    if (field->host_size > 8)
        return field_bytes(field, value, field->host_size, &taken->bytes);
    if (json_number(value, field->size > 8 ? 8 : field->size, &taken->number))
        return STATUS_OK;
    return say_usage("--ctx: %s takes a number of %u bytes", name, field->size);
}

static int args_take(const json_t *list, struct settings *settings)
{
    if (!json_is_array(list) || json_array_size(list) > INPUT_ARGS)
        return say_usage("--ctx: args is a list of at most %u numbers", INPUT_ARGS);
    settings->n_args = json_array_size(list);
    settings->args = need(calloc(INPUT_ARGS, sizeof *settings->args));
    for (size_t i = 0; i < settings->n_args; i++)
        if (!json_number(json_array_get(list, i), 8, &settings->args[i]))
            return say_usage("--ctx: args[%zu] is no number", i);
    return STATUS_OK;
}

/* Memory of which some parts have values by name; what nobody names is 0. */
static void memory_fill(const struct skep_hook *hook, const struct settings *settings,
                        struct bytes_buffer *bytes)
{
    if (!settings->n_fields)
        return;
    if (bytes->size < hook->ctx_size) {
        bytes->data = need(realloc(bytes->data, hook->ctx_size));
        memset(bytes->data + bytes->size, 0, hook->ctx_size - bytes->size);
        bytes->size = hook->ctx_size;
    }
    for (size_t i = 0; i < settings->n_fields; i++)
        number_store(settings->fields[i].number, settings->fields[i].field->size,
                     bytes->data + settings->fields[i].field->offset);
}

/* "data" is the packet or the memory, "args" the arguments, all else a field. */
static int settings_take(struct input *input, const json_t *document, bool want_bytes)
{
    const char *name;
    json_t *value;
    struct bytes_buffer bytes = { 0 };
    struct settings *settings = &input->settings[input->n_settings++];
    settings->fields = need(calloc(json_object_size(document) + 1, sizeof *settings->fields));
    int status = STATUS_OK;
    json_object_foreach((json_t *)document, name, value)
    {
        if (status)
            break;
        if (!strcmp(name, "data") && takes_bytes(input->hook)) {
            const char *text = json_string_value(value);
            if (!want_bytes)
                status = say_usage("--ctx: data is given twice (--pcap or --data says it too)");
            else if (!text || !data_parse(text, &bytes))
                status = text ? STATUS_USAGE : say_usage("--ctx: data is a string of hex bytes");
        } else if (!strcmp(name, "args") && input->hook->ctx_kind == SKEP_CTX_ARGS) {
            status = args_take(value, settings);
        } else {
            status = field_take(input->hook, name, value, settings);
        }
    }
    if (!status && !want_bytes && settings->n_fields && !is_packet_hook(input->hook))
        status = say_usage("--ctx: fields and --data do not go together; say \"data\" in --ctx");
    if (!status && want_bytes && input->hook->ctx_kind == SKEP_CTX_MEMORY)
        memory_fill(input->hook, settings, &bytes);
    if (!status && want_bytes)
        capture_add(&input->cases, bytes.data, (uint32_t)bytes.size, (struct timeval){ 0 });
    free(bytes.data);
    return status;
}

static json_t *ctx_load(const char *text)
{
    json_error_t error;
    bool file = text[0] == '@';
    json_t *document = file ? json_load_file(text + 1, 0, &error) : json_loads(text, 0, &error);
    if (!document)
        say_usage("--ctx%s%s: line %d: %s", file ? " " : "", file ? text : "", error.line,
                  error.text);
    return document;
}

static int input_ctx(struct input *input, const char *text, bool want_bytes)
{
    json_t *document = ctx_load(text);
    if (!document)
        return STATUS_USAGE;
    json_t *list = json_is_array(document) ? document : need(json_pack("[O]", document));
    size_t n = json_array_size(list);
    int status = STATUS_OK;
    input->settings = need(calloc(n + 1, sizeof *input->settings));
    if (n > 1 && !want_bytes)
        status = say_usage("--ctx: a list of contexts and --pcap or --data do not go together");
    for (size_t i = 0; !status && i < n; i++) {
        const json_t *one = json_array_get(list, i);
        status = json_is_object(one) ? settings_take(input, one, want_bytes)
                                     : say_usage("--ctx: a context is an object of fields");
    }
    if (list != document)
        json_decref(list);
    json_decref(document);
    return status;
}

/* ---- the input ----------------------------------------------------------------------------- */

/* --packet N: only that one. */
static int input_pick(struct input *input, const struct args *args)
{
    uint64_t number;
    if (!args_number(args, OPT_PACKET, input->cases.n, 1, &number))
        return STATUS_USAGE;
    if (args_has(args, OPT_PACKET)) {
        input->cases.frames[0] = input->cases.frames[number - 1];
        input->cases.n = 1;
    }
    return STATUS_OK;
}

static int input_pcap(struct input *input, const struct args *args)
{
    const char *path = args_value(args, OPT_PCAP);
    if (!is_packet_hook(input->hook))
        return say_usage("--pcap: %s is no program type for packets", input->hook->name);
    input->is_capture = true;
    const char *filter = args->n_words ? args_value(args, OPT_FILTER) : NULL;
    int status = capture_read(path, filter, &input->cases);
    if (!status && input->cases.n == 0)
        status = say_usage("%s: there is no packet to run on", path);
    return status ? status : input_pick(input, args);
}

static int input_data(struct input *input, const char *text)
{
    struct bytes_buffer bytes;
    if (!takes_bytes(input->hook))
        return say_usage("--data: %s takes no bytes; see --ctx", input->hook->name);
    if (!data_parse(text, &bytes))
        return STATUS_USAGE;
    capture_add(&input->cases, bytes.data, (uint32_t)bytes.size, (struct timeval){ 0 });
    free(bytes.data);
    return STATUS_OK;
}

/* Zeros: a small packet, memory whose parts have names, or none at all. */
static void input_default(struct input *input)
{
    const struct skep_hook *hook = input->hook;
    bool named = hook->ctx_kind == SKEP_CTX_MEMORY && hook->n_fields;
    uint32_t size = is_packet_hook(hook) ? INPUT_PACKET_MIN : named ? hook->ctx_size : 0;
    uint8_t *zeros = need(calloc(1, size + 1));
    capture_add(&input->cases, zeros, size, (struct timeval){ 0 });
    free(zeros);
}

static int input_read(struct input *input, const struct args *args)
{
    const char *data = args_value(args, OPT_DATA), *ctx = args_value(args, OPT_CTX);
    bool pcap = args_has(args, OPT_PCAP);
    if (pcap && data)
        return say_usage("--pcap and --data do not go together");
    if (args_has(args, OPT_FILTER) && args->n_words && !pcap)
        return say_usage("--filter needs --pcap");
    int status = STATUS_OK;
    if (pcap)
        status = input_pcap(input, args);
    else if (data)
        status = input_data(input, data);
    if (!status && ctx)
        status = input_ctx(input, ctx, !pcap && !data);
    if (!status && input->cases.n == 0)
        input_default(input);
    return status;
}

static int input_linear(struct input *input, const struct args *args)
{
    uint64_t linear;
    if (!args_number(args, OPT_LINEAR, INPUT_PACKET_MAX, INPUT_PACKET_MAX, &linear))
        return STATUS_USAGE;
    if (args_has(args, OPT_LINEAR) && !is_packet_hook(input->hook))
        return say_usage("--linear: %s is no program type for packets", input->hook->name);
    input->linear = linear;
    return STATUS_OK;
}

int input_open(const struct args *args, const struct skep_hook *hook, struct input *out)
{
    *out = (struct input){ .hook = hook, .cases = { .link_type = DLT_EN10MB } };
    int status = input_read(out, args);
    if (!status)
        status = input_linear(out, args);
    for (size_t i = 0; i < out->cases.n; i++)
        if (out->cases.frames[i].size > out->largest)
            out->largest = out->cases.frames[i].size;
    if (!status && is_packet_hook(hook) && out->largest > INPUT_PACKET_MAX)
        status = say_usage("a packet of %zu bytes is too large: %u are the limit", out->largest,
                           INPUT_PACKET_MAX);
    if (status)
        input_close(out);
    return status;
}

void input_close(struct input *input)
{
    for (size_t i = 0; i < input->n_settings; i++) {
        for (size_t j = 0; j < input->settings[i].n_fields; j++)
            free(input->settings[i].fields[j].bytes.data);
        free(input->settings[i].fields);
        free(input->settings[i].args);
    }
    free(input->settings);
    capture_free(&input->cases);
}

/* ---- a thread's context -------------------------------------------------------------------- */

/* How far the host's struct reaches, by the field table. */
static size_t fields_extent(const struct skep_hook *hook)
{
    size_t extent = hook->ctx_size;
    for (uint32_t i = 0; i < hook->n_fields; i++) {
        size_t size = hook->fields[i].host_size > 8 ? hook->fields[i].host_size : 8;
        size_t end = hook->fields[i].host_offset + size;
        extent = end > extent ? end : extent;
    }
    return extent;
}

static size_t slot_block_size(const struct input *input)
{
    if (input->hook->ctx_kind == SKEP_CTX_FIELDS)
        return fields_extent(input->hook);
    return input->hook->ctx_kind == SKEP_CTX_ARGS ? INPUT_ARGS * 8u : input->largest;
}

int slot_open(struct slot *slot, skep_env *env, const struct input *input)
{
    *slot = (struct slot){ .input = input };
    if (is_packet_hook(input->hook)) {
        skep_status status = skep_packet_new(env, input->largest, &slot->packet);
        return status ? say_error("packet buffer", status, NULL) : STATUS_OK;
    }
    slot->block_size = slot_block_size(input);
    slot->block = need(calloc(1, slot->block_size + 8));
    return STATUS_OK;
}

void slot_close(struct slot *slot)
{
    skep_packet_free(slot->packet);
    free(slot->block);
}

static const struct settings *slot_settings(const struct slot *slot, size_t i)
{
    const struct input *input = slot->input;
    return input->n_settings ? &input->settings[input->n_settings > 1 ? i : 0] : NULL;
}

static void packet_settings(skep_packet *packet, const struct settings *settings)
{
    for (size_t i = 0; settings && i < settings->n_fields; i++)
        skep_packet_set_field(packet, settings->fields[i].field->name, settings->fields[i].number);
}

static void field_store(uint8_t *block, const struct field_value *value)
{
    const struct skep_ctx_field *field = value->field;
    uint8_t *at = block + field->host_offset;
    const uint8_t *pointer = value->bytes.data;
    if (field->kind == SKEP_FIELD_POINTER)
        memcpy(at, &pointer, sizeof pointer);
    else if (value->bytes.data)
        memcpy(at, value->bytes.data, value->bytes.size);
    else
        number_store(value->number, field->host_size, at);
}

/* The limit of a pointer is the field after it in the table. */
static void field_store_end(const struct skep_hook *hook, uint8_t *block,
                            const struct field_value *value)
{
    const struct skep_ctx_field *next = value->field + 1;
    if (next >= hook->fields + hook->n_fields || next->kind != SKEP_FIELD_POINTER_END)
        return;
    const uint8_t *end = value->bytes.data + value->bytes.size;
    memcpy(block + next->host_offset, &end, sizeof end);
}

static void *fields_prepare(struct slot *slot, const struct settings *settings)
{
    memset(slot->block, 0, slot->block_size);
    for (size_t i = 0; settings && i < settings->n_fields; i++) {
        field_store(slot->block, &settings->fields[i]);
        field_store_end(slot->input->hook, slot->block, &settings->fields[i]);
    }
    return slot->block;
}

static void *memory_prepare(struct slot *slot, const struct frame *frame, const uint8_t *bytes)
{
    if (frame->size)
        memcpy(slot->block, bytes, frame->size);
    slot->memory = (struct skep_memory){ slot->block, frame->size };
    return &slot->memory;
}

static void *args_prepare(struct slot *slot, const struct settings *settings)
{
    memset(slot->block, 0, slot->block_size);
    if (settings && settings->n_args)
        memcpy(slot->block, settings->args, settings->n_args * sizeof *settings->args);
    return slot->block;
}

static void *packet_prepare(struct slot *slot, const struct frame *frame, const uint8_t *bytes,
                            const struct settings *settings)
{
    skep_packet_set_frags(slot->packet, bytes, frame->size, slot->input->linear,
                          INPUT_FRAGMENT_BYTES);
    if (slot->input->hook->prepare)
        slot->input->hook->prepare(slot->packet);
    packet_settings(slot->packet, settings);
    if (slot->input->wire_in_mark)
        skep_packet_set_field(slot->packet, "mark", frame->wire);
    return slot->packet;
}

void *slot_prepare(struct slot *slot, size_t i)
{
    const struct input *input = slot->input;
    const struct frame *frame = &input->cases.frames[i];
    const uint8_t *bytes = capture_bytes(&input->cases, i);
    const struct settings *settings = slot_settings(slot, i);
    if (slot->packet)
        return packet_prepare(slot, frame, bytes, settings);
    switch ((enum skep_ctx_kind)input->hook->ctx_kind) {
    case SKEP_CTX_FIELDS: return fields_prepare(slot, settings);
    case SKEP_CTX_MEMORY: return memory_prepare(slot, frame, bytes);
    case SKEP_CTX_ARGS: return args_prepare(slot, settings);
    case SKEP_CTX_NONE: return NULL;
    }
    return NULL;
}

/* One in fragments is put together. */
static const uint8_t *packet_bytes(struct slot *slot, size_t *size)
{
    size_t linear;
    const uint8_t *data = skep_packet_data(slot->packet, &linear);
    *size = skep_packet_size(slot->packet);
    if (*size == linear)
        return data;
    if (*size > slot->block_size) {
        slot->block_size = *size;
        slot->block = need(realloc(slot->block, slot->block_size));
    }
    skep_packet_read(slot->packet, 0, slot->block, *size);
    return slot->block;
}

const uint8_t *slot_bytes(struct slot *slot, size_t *size)
{
    if (slot->packet)
        return packet_bytes(slot, size);
    *size = slot->memory.size;
    return slot->memory.data;
}
