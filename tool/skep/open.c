/* Opens objects, sources and bare bytecode, and picks programs. */
#include "open.h"
#include "classic.h"
#include "compile.h"
#include "out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- names of engines, profiles, hooks ----------------------------------------------------- */

static const char *const engine_names[] = { [SKEP_ENGINE_DEFAULT] = "default",
                                            [SKEP_ENGINE_CHECKED] = "checked",
                                            [SKEP_ENGINE_INTERP] = "interp",
                                            [SKEP_ENGINE_JIT] = "jit",
                                            [SKEP_ENGINE_NONE] = "" /* for dump alone */ };
static const char *const profile_names[] = {
    [SKEP_PROFILE_LINUX] = "linux", [SKEP_PROFILE_STRICT] = "strict", [SKEP_PROFILE_RFC] = "rfc"
};

static int name_find(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return (int)i;
    return -1;
}

#define NAME_FIND(names, name) name_find(names, sizeof(names) / sizeof *(names), name)

bool engine_parse(const char *name, enum skep_engine *out)
{
    int i = name ? NAME_FIND(engine_names, name) : SKEP_ENGINE_DEFAULT;
    if (i < 0 || (enum skep_engine)i == SKEP_ENGINE_NONE)
        return say_usage("there is no engine %s; there are jit, interp and checked", name), false;
    *out = (enum skep_engine)i;
    return true;
}

const char *engine_name(enum skep_engine engine) { return engine_names[engine]; }

bool profile_parse(const char *name, enum skep_profile *out)
{
    int i = name ? NAME_FIND(profile_names, name) : SKEP_PROFILE_LINUX;
    if (i < 0)
        return say_usage("there is no profile %s; there are linux, strict and rfc", name), false;
    *out = (enum skep_profile)i;
    return true;
}

/* Whether a pattern of section names begins with the word: "tc+", "tp/", "xdp". */
static bool section_is_named(const char *pattern, const char *word)
{
    size_t length = strlen(word);
    return !strncmp(pattern, word, length) &&
           strspn(pattern + length, "+/*") == strlen(pattern + length);
}

static bool hook_is_named(const struct skep_hook *hook, const char *word)
{
    for (size_t i = 0; hook->sections && hook->sections[i]; i++)
        if (section_is_named(hook->sections[i], word))
            return true;
    return false;
}

const struct skep_hook *hook_find(const skep_env *env, const char *name)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (!strcmp(hook->name, name))
            return hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (hook_is_named(hook, name))
            return hook;
    return NULL;
}

static int hook_unknown(const skep_env *env, const char *name)
{
    const struct skep_hook *hook;
    char *list = need(strdup(""));
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++) {
        char *longer = format_new("%s%s%s", list, i ? ", " : "", hook->name);
        free(list);
        list = longer;
    }
    int status = say_usage("there is no program type %s; there are %s", name, list);
    free(list);
    return status;
}

/* ---- what the argument names --------------------------------------------------------------- */

/* OBJ:PROG, unless a file has that whole name. */
static void target_split(struct target *target, const char *word)
{
    const char *colon = strrchr(word, ':');
    bool whole = !colon || colon[1] == 0 || access(word, F_OK) == 0;
    target->path = need(whole ? strdup(word) : strndup(word, (size_t)(colon - word)));
    target->program = whole ? NULL : need(strdup(colon + 1));
}

static int target_name_program(struct target *target, const struct args *args)
{
    const char *name = args_value(args, OPT_PROG);
    if (!name)
        return STATUS_OK;
    if (target->program && strcmp(target->program, name))
        return say_usage("two programs are named: %s and --prog %s", target->program, name);
    free(target->program);
    target->program = need(strdup(name));
    return STATUS_OK;
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

static int insns_from_text(struct target *target, struct bytes_buffer *file)
{
    skep_error error = { 0 };
    if (memchr(file->data, 0, file->size))
        return say_usage("%s: this is no text", target->path);
    skep_status status =
        skep_assemble((const char *)file->data, &target->insns, &target->n_insns, &error);
    return status ? say_error(target->path, status, &error) : STATUS_OK;
}

static int insns_from_bytes(struct target *target, const struct bytes_buffer *bytes)
{
    if (bytes->size == 0 || bytes->size % 8)
        return say_usage("%s: %zu bytes are no whole number of 8-byte instructions", target->path,
                         bytes->size);
    target->n_insns = bytes->size / 8;
    target->insns = need(malloc(bytes->size));
    insns_load(bytes->data, target->n_insns, target->insns);
    return STATUS_OK;
}

static int insns_from_hex(struct target *target, struct bytes_buffer *file)
{
    struct bytes_buffer bytes;
    if (!hex_parse((const char *)file->data, file->size, &bytes))
        return say_usage("%s: this is no text of hex bytes", target->path);
    int status = insns_from_bytes(target, &bytes);
    free(bytes.data);
    return status;
}

/* Bare instructions become a program of the type that --type says. */
static int target_wrap_insns(skep_env *env, struct target *target, const struct args *args)
{
    const char *type = args_value(args, OPT_TYPE);
    const struct skep_hook *hook = hook_find(env, type ? type : "memory");
    if (!hook)
        return hook_unknown(env, type ? type : "memory");
    skep_error error = { 0 };
    skep_status status = skep_object_from_insns(env, "main", target->insns, target->n_insns, hook,
                                                &target->object, &error);
    return status ? say_error(target->path, status, &error) : STATUS_OK;
}

static int target_open_elf(skep_env *env, struct target *target)
{
    skep_error error = { 0 };
    skep_status status = skep_object_open(env, target->path, target->elf.data, target->elf.size,
                                          &target->object, &error);
    if (status)
        say_error(target->path, status, &error);
    return status ? STATUS_USAGE : STATUS_OK;
}

static int target_open_classic(skep_env *env, struct target *target,
                               const struct bytes_buffer *file)
{
    struct classic_code code;
    int status = classic_parse(target->path, (const char *)file->data, &code);
    if (status)
        return status;
    status = classic_object(env, target->path, &code, &target->object);
    free(code.insns);
    return status;
}

static int target_open_file(skep_env *env, struct target *target, const struct args *args)
{
    struct bytes_buffer file;
    const char *path = target->path;
    if (ends_in(path, ".c")) {
        int status = compile_c(path, args, &target->elf);
        return status ? status : target_open_elf(env, target);
    }
    if (!file_read(path, &file))
        return say_usage("%s: %s", path, strerror(errno));
    if (file.size >= 4 && !memcmp(file.data, "\177ELF", 4)) {
        target->elf = file;
        return target_open_elf(env, target);
    }
    int status;
    bool bare = !classic_is_text((const char *)file.data, file.size) || ends_in(path, ".hex") ||
                ends_in(path, ".bin");
    if (!bare)
        status = target_open_classic(env, target, &file);
    else if (ends_in(path, ".s") || ends_in(path, ".asm"))
        status = insns_from_text(target, &file);
    else if (ends_in(path, ".hex"))
        status = insns_from_hex(target, &file);
    else if (ends_in(path, ".bin"))
        status = insns_from_bytes(target, &file);
    else
        status = say_usage("%s: no ELF object, no output of tcpdump -ddd, and its name ends in "
                           "none of .bpf.c, .s, .asm, .bin, .hex",
                           path);
    free(file.data);
    return status || !bare ? status : target_wrap_insns(env, target, args);
}

/* ---- setters ------------------------------------------------------------------------------- */

/* NAME=REST: the name, to be freed, and where the rest begins.  NULL: said. */
static char *assignment_split(enum option_id id, const char *text, const char **rest)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        say_usage("--%s: %s is not %s", option_rows[id].name, text, option_rows[id].value);
        return NULL;
    }
    *rest = equals + 1;
    return need(strndup(text, (size_t)(equals - text)));
}

static int set_map_size(const struct target *target, const char *name, const char *text)
{
    uint64_t entries, bytes = 0;
    skep_error error = { 0 };
    const char *x = strchr(text + (strncmp(text, "0x", 2) ? 0 : 2), 'x');
    char *count = need(x ? strndup(text, (size_t)(x - text)) : strdup(text));
    bool ok = number_parse(count, 4, &entries) && text[0] != '-' &&
              (!x || (number_parse(x + 1, 4, &bytes) && x[1] != '-'));
    free(count);
    if (!ok)
        return say_usage("--set-map-size %s: %s is no number of entries", name, text);
    skep_status status =
        skep_object_set_map_entries(target->object, name, (uint32_t)entries, &error);
    if (!status && x)
        status = skep_object_set_map_value_size(target->object, name, (uint32_t)bytes, &error);
    return status ? say_error(target->path, status, &error) : STATUS_OK;
}

static bool variable_find(const skep_object *object, const char *name,
                          struct skep_variable_info *info)
{
    size_t position = 0;
    while (!skep_object_next_variable(object, &position, info))
        if (!strcmp(info->name, name))
            return true;
    return false;
}

static int set_variable(const struct target *target, const char *name, const char *text)
{
    const char *why;
    struct skep_variable_info info;
    skep_error error = { 0 };
    if (!variable_find(target->object, name, &info))
        return say_usage("%s: there is no variable %s", target->path, name);
    uint8_t *bytes = need(malloc(info.size + 1));
    int result = STATUS_OK;
    if (!value_parse(text, info.size, false, bytes, &why))
        result = say_usage("--set-rodata %s=%s: %s (%u)", name, text, why, info.size);
    else if (skep_object_set_variable(target->object, name, bytes, info.size, &error))
        result = say_error(target->path, SKEP_BAD_ARG, &error);
    free(bytes);
    return result;
}

static int apply_assignments(const struct target *target, const struct args *args,
                             enum option_id id,
                             int (*apply)(const struct target *, const char *, const char *))
{
    int status = STATUS_OK;
    const struct given_option *given = NULL;
    while (!status && (given = args_next(args, id, given))) {
        const char *rest;
        char *name = assignment_split(id, given->values[0], &rest);
        status = name ? apply(target, name, rest) : STATUS_USAGE;
        free(name);
    }
    return status;
}

/* The program that is named; without a name, every program that has no type of its own. */
static int apply_type(const skep_env *env, const struct target *target, const struct args *args)
{
    const char *type = args_value(args, OPT_TYPE);
    if (!type || target->insns)
        return STATUS_OK;
    const struct skep_hook *hook = hook_find(env, type);
    if (!hook)
        return hook_unknown(env, type);
    size_t n = skep_object_n_programs(target->object);
    for (size_t i = 0; i < n; i++) {
        struct skep_program_info info;
        skep_error error = { 0 };
        skep_object_program(target->object, i, &info);
        bool meant = target->program ? !strcmp(info.name, target->program) : n == 1 || !info.hook;
        skep_status status =
            meant ? skep_object_set_hook(target->object, info.name, hook->name, &error) : SKEP_OK;
        if (status)
            return say_error(target->path, status, &error);
    }
    return STATUS_OK;
}

static int target_configure(const skep_env *env, const struct target *target,
                            const struct args *args)
{
    int status = apply_type(env, target, args);
    if (!status)
        status = apply_assignments(target, args, OPT_SET_MAP_SIZE, set_map_size);
    if (!status)
        status = apply_assignments(target, args, OPT_SET_RODATA, set_variable);
    return status;
}

int target_open(skep_env *env, const struct args *args, const char *word, struct target *out)
{
    struct target target = { 0 };
    target_split(&target, word);
    int status = target_name_program(&target, args);
    if (!status)
        status = target_open_file(env, &target, args);
    if (!status)
        status = target_configure(env, &target, args);
    if (status)
        target_close(&target);
    else
        *out = target;
    return status;
}

int target_open_filter(skep_env *env, const struct args *args, const char *expression,
                       int link_type, struct target *out)
{
    struct target target = { .path = need(strdup(expression)) };
    struct classic_code code;
    int status = classic_compile(expression, link_type, &code);
    if (!status) {
        status = classic_object(env, target.path, &code, &target.object);
        free(code.insns);
    }
    if (!status)
        status = target_configure(env, &target, args);
    if (status)
        target_close(&target);
    else
        *out = target;
    return status;
}

void target_close(struct target *target)
{
    skep_object_close(target->object);
    free(target->path);
    free(target->program);
    free(target->elf.data);
    free(target->insns);
}

/* ---- programs ------------------------------------------------------------------------------ */

bool target_find(const struct target *target, const char *name, struct skep_program_info *info)
{
    for (size_t i = 0; skep_object_program(target->object, i, info) == SKEP_OK; i++)
        if (!strcmp(info->name, name))
            return true;
    return false;
}

static char *target_program_list(const struct target *target)
{
    struct skep_program_info info;
    char *list = need(strdup(""));
    for (size_t i = 0; skep_object_program(target->object, i, &info) == SKEP_OK; i++) {
        char *longer = format_new("%s%s%s", list, i ? ", " : "", info.name);
        free(list);
        list = longer;
    }
    return list;
}

int target_program(const struct target *target, struct skep_program_info *info)
{
    size_t n = skep_object_n_programs(target->object);
    if (n == 0)
        return say_usage("%s: there is no program in it", target->path);
    if (target->program ? target_find(target, target->program, info)
                        : n == 1 && !skep_object_program(target->object, 0, info))
        return STATUS_OK;
    char *list = target_program_list(target);
    int status = target->program ? say_usage("%s: there is no program %s; there are %s",
                                             target->path, target->program, list)
                                 : say_usage("%s: which of its programs? name one with --prog or "
                                             "OBJ:PROG: %s",
                                             target->path, list);
    free(list);
    return status;
}

json_t *target_result(const struct target *target, const struct skep_program_info *info)
{
    json_t *result = need(json_object());
    set(result, "object", json_text(target->path));
    set(result, "program", json_text(info->name));
    set(result, "section", json_text(info->section));
    set(result, "type", info->hook ? json_text(info->hook->name) : json_null());
    return result;
}
