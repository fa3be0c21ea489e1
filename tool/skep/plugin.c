/* skep conformance-plugin: the protocol of the bpf_conformance suite. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char details_plugin[] =
    "Reads a program as hex text from standard input and its memory as hex bytes separated by\n"
    "blanks from MEMORY, runs it with r1 = memory and r2 = its size, and prints r0 in hex. With\n"
    "--elf standard input is an ELF object, raw or as hex text. --engine is checked, interp or "
    "jit.\n"
    "\n"
    "Example:\n"
    "\n"
    "  skep asm prog.s --hex | skep conformance-plugin '01 02 03 04'\n";

struct plugin {
    const struct args *args;
    struct host host;
    skep_object *object;
    struct skep_memory memory;
};

/* Standard input: hex text, unless it is an ELF object as it is. */
static int plugin_read(struct bytes_buffer *out)
{
    struct bytes_buffer text;
    if (!file_read("-", &text))
        return say_usage("cannot read standard input");
    if (text.size >= 4 && !memcmp(text.data, "\177ELF", 4)) {
        *out = text;
        return STATUS_OK;
    }
    bool ok = hex_parse((const char *)text.data, text.size, out);
    free(text.data);
    return ok ? STATUS_OK : say_usage("standard input is no hex text");
}

static skep_status plugin_open_insns(struct plugin *plugin, const struct bytes_buffer *bytes,
                                     skep_error *error)
{
    size_t n = bytes->size / 8;
    skep_insn *insns = need(malloc(bytes->size + 1));
    insns_load(bytes->data, n, insns);
    skep_status status =
        skep_object_from_insns(plugin->host.env, "program", insns, n,
                               hook_find(plugin->host.env, "memory"), &plugin->object, error);
    free(insns);
    return status;
}

/* Every program of an object runs as this suite's programs do, whatever its section is called. */
static skep_status plugin_open_elf(struct plugin *plugin, const struct bytes_buffer *bytes,
                                   skep_error *error)
{
    struct skep_program_info info;
    skep_status status = skep_object_open(plugin->host.env, "program", bytes->data, bytes->size,
                                          &plugin->object, error);
    if (!status)
        status = skep_object_program(plugin->object, 0, &info);
    return status ? status : skep_object_set_hook(plugin->object, info.name, "memory", error);
}

static int plugin_open(struct plugin *plugin, const struct bytes_buffer *bytes)
{
    skep_error error = { 0 };
    bool elf = args_has(plugin->args, OPT_ELF);
    if (!elf && (bytes->size == 0 || bytes->size % 8))
        return say_usage("%zu bytes are no whole number of 8-byte instructions", bytes->size);
    skep_status status =
        elf ? plugin_open_elf(plugin, bytes, &error) : plugin_open_insns(plugin, bytes, &error);
    return status ? say_error("program", status, &error) : STATUS_OK;
}

static int plugin_load(struct plugin *plugin, skep_program **program)
{
    struct skep_load_options options = { .size = sizeof options,
                                         .profile = SKEP_PROFILE_RFC,
                                         .engine = SKEP_ENGINE_CHECKED };
    skep_error error = { 0 };
    const char *engine = args_value(plugin->args, OPT_ENGINE);
    if (engine && !engine_parse(engine, &options.engine))
        return STATUS_USAGE;
    options.trusted = options.engine != SKEP_ENGINE_JIT;
    skep_status status = skep_program_load(plugin->object, NULL, &options, program, &error);
    return status ? say_error("program", status, &error) : STATUS_OK;
}

static int plugin_stopped(skep_thread *thread, skep_status status)
{
    const struct skep_fault *fault = skep_thread_fault(thread);
    say_error("program", status, fault ? &fault->error : NULL);
    return STATUS_NO;
}

static void plugin_print(const struct args *args, const skep_program *program, uint64_t r0)
{
    if (!args_has(args, OPT_JSON)) {
        printf("%llx\n", (unsigned long long)r0);
        return;
    }
    json_t *result = need(json_object());
    set(result, "engine", json_text(engine_name(skep_program_engine(program))));
    set(result, "r0", json_u64(r0));
    print_document(args->command->name, json_pack("[o]", result));
}

static int plugin_run(struct plugin *plugin, skep_program *program)
{
    skep_thread *thread;
    uint64_t r0;
    skep_status status = skep_thread_new(plugin->host.env, NULL, &thread);
    if (status)
        return say_error("thread", status, NULL);
    status = skep_run(thread, program, &plugin->memory, &r0);
    int result = status ? plugin_stopped(thread, status) : STATUS_OK;
    if (!status)
        plugin_print(plugin->args, program, r0);
    skep_thread_free(thread);
    return result;
}

static int plugin_whole(struct plugin *plugin, const struct bytes_buffer *bytes)
{
    skep_program *program;
    int status = plugin_open(plugin, bytes);
    if (!status)
        status = plugin_load(plugin, &program);
    if (!status) {
        status = plugin_run(plugin, program);
        skep_program_free(program);
    }
    skep_object_close(plugin->object);
    return status;
}

int command_plugin(const struct args *args)
{
    struct plugin plugin = { .args = args };
    struct bytes_buffer memory = { 0 }, program = { 0 };
    const char *text = args->n_words ? args->words[0] : "";
    if (args->n_words > 1)
        return say_usage("conformance-plugin takes the memory as one argument");
    if (!hex_parse(text, strlen(text), &memory))
        return say_usage("%s is no string of hex bytes", text);
    plugin.memory = (struct skep_memory){ memory.data, memory.size };
    int status = plugin_read(&program);
    if (!status)
        status = host_open(&plugin.host, 1);
    if (!status)
        status = plugin_whole(&plugin, &program);
    if (plugin.host.printed)
        host_close(&plugin.host);
    free(memory.data);
    free(program.data);
    return status;
}
