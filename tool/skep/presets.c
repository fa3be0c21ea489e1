/* --set-map: KEY=VALUE pairs, or a JSON file of {key, value, cpu?}, put into the maps of a program
 * before it runs.  A value of a program array is the name of a program of the object; a value of a
 * map of maps is the name of a map of the object. */
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- naming maps and programs -------------------------------------------------------------- */

static void *grown(void *list, size_t n, size_t size)
{
    return need(realloc(list, (n + 1) * size));
}

static skep_map *preset_make_map(struct presets *presets, const char *name)
{
    struct skep_object_map_info info;
    for (size_t i = 0; skep_object_map(presets->target->object, i, &info) == SKEP_OK; i++) {
        skep_map *map;
        skep_error error = { 0 };
        if (strcmp(info.spec.name, name))
            continue;
        skep_status status = skep_map_new(presets->host->env, &info.spec, &map, &error);
        if (status) {
            say_error(name, status, &error);
            return NULL;
        }
        presets->maps = grown(presets->maps, presets->n_maps, sizeof(skep_map *));
        presets->maps[presets->n_maps++] = map;
        return map;
    }
    say_usage("%s: there is no map %s", presets->target->path, name);
    return NULL;
}

/* The program's map, or one made by the object's declaration because only values name it.  NULL:
 * said. */
static skep_map *preset_map(struct presets *presets, const char *name)
{
    skep_map *map = skep_program_map(presets->program, name);
    for (size_t i = 0; !map && i < presets->n_maps; i++)
        if (!strcmp(skep_map_spec(presets->maps[i])->name, name))
            map = presets->maps[i];
    return map ? map : preset_make_map(presets, name);
}

static skep_program *preset_program(struct presets *presets, const char *name)
{
    struct skep_program_info info;
    struct load_wish wish = { .engine = skep_program_engine(presets->program),
                              .trusted = args_has(presets->args, OPT_NO_VERIFY),
                              .share = presets->program };
    skep_program *program;
    if (!strcmp(name, skep_program_name(presets->program)))
        return presets->program;
    for (size_t i = 0; i < presets->n_programs; i++)
        if (!strcmp(skep_program_name(presets->programs[i]), name))
            return presets->programs[i];
    if (!target_find(presets->target, name, &info)) {
        say_usage("%s: there is no program %s", presets->target->path, name);
        return NULL;
    }
    if (program_load(presets->target, presets->args, &info, &wish, &program))
        return NULL;
    presets->programs = grown(presets->programs, presets->n_programs, sizeof(skep_program *));
    presets->programs[presets->n_programs++] = program;
    return program;
}

/* ---- one entry ----------------------------------------------------------------------------- */

/* An entry as it was written.  cpu < 0: the value is for every CPU. */
struct preset {
    skep_map *map;
    const char *key, *value; /* key NULL: none */
    int cpu;
};

static int preset_wrong(const struct preset *preset, const char *why)
{
    return say_usage("map %s, %s=%s: %s", skep_map_spec(preset->map)->name,
                     preset->key ? preset->key : "", preset->value, why);
}

static int preset_bytes(const struct preset *preset, const char *what, const char *text,
                        uint32_t size, bool prefix, uint8_t *out)
{
    const char *why;
    if (value_parse(text, size, prefix, out, &why))
        return STATUS_OK;
    char *line = format_new("the %s has %u bytes, and %s", what, size, why);
    int status = preset_wrong(preset, line);
    free(line);
    return status;
}

static int preset_result(const struct preset *preset, int result)
{
    return result < 0 ? preset_wrong(preset, strerror(-result)) : STATUS_OK;
}

/* The value for one CPU or for all of them, in the host's layout. */
static int preset_update(const struct preset *preset, const uint8_t *key)
{
    const struct skep_map_spec *spec = skep_map_spec(preset->map);
    size_t host_size = (size_t)skep_map_host_value_size(preset->map);
    bool per_cpu = skep_map_type(preset->map)->traits & SKEP_MAP_PER_CPU;
    size_t stride = per_cpu ? (spec->value_size + 7u) & ~(size_t)7 : host_size;
    uint8_t *value = need(calloc(1, host_size + spec->value_size + 1));
    uint8_t *one = value + host_size;
    int status = preset_bytes(preset, "value", preset->value, spec->value_size, false, one);
    if (!status && preset->cpu >= 0) {
        if (!per_cpu || (size_t)preset->cpu >= host_size / stride)
            status = preset_wrong(preset, "there is no such CPU");
        else if (skep_map_lookup(preset->map, key, value) < 0)
            memset(value, 0, host_size);
    }
    for (size_t cpu = 0; !status && cpu * stride + spec->value_size <= host_size; cpu++)
        if (preset->cpu < 0 || cpu == (size_t)preset->cpu)
            memcpy(value + cpu * stride, one, spec->value_size);
    if (!status)
        status = preset_result(preset, skep_map_update(preset->map, key, value, SKEP_MAP_ANY));
    free(value);
    return status;
}

static int preset_store(struct presets *presets, const struct preset *preset, const uint8_t *key)
{
    uint32_t traits = skep_map_type(preset->map)->traits;
    if (traits & SKEP_MAP_HOLDS_PROGRAMS) {
        skep_program *program = preset_program(presets, preset->value);
        uint32_t index = key ? (uint32_t)number_load(key, 4) : 0;
        return program ? preset_result(preset, skep_map_set_program(preset->map, index, program))
                       : STATUS_USAGE;
    }
    if (traits & SKEP_MAP_HOLDS_MAPS) {
        skep_map *inner = preset_map(presets, preset->value);
        return inner
                   ? preset_result(preset, skep_map_set_map(preset->map, key, inner, SKEP_MAP_ANY))
                   : STATUS_USAGE;
    }
    return preset_update(preset, key);
}

static int preset_entry(struct presets *presets, const struct preset *preset)
{
    const struct skep_map_spec *spec = skep_map_spec(preset->map);
    bool prefix = skep_map_type(preset->map)->id == MAP_ID_LPM_TRIE;
    if (spec->key_size == 0)
        return preset_store(presets, preset, NULL);
    if (!preset->key || !*preset->key)
        return preset_wrong(preset, "the key is missing");
    uint8_t *key = need(malloc(spec->key_size));
    int status = preset_bytes(preset, "key", preset->key, spec->key_size, prefix, key);
    if (!status)
        status = preset_store(presets, preset, key);
    free(key);
    return status;
}

/* ---- pairs and files ----------------------------------------------------------------------- */

static int preset_pair(struct presets *presets, skep_map *map, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return say_usage("--set-map: %s is not KEY=VALUE", text);
    char *key = need(strndup(text, (size_t)(equals - text)));
    struct preset preset = { .map = map, .key = key, .value = equals + 1, .cpu = -1 };
    int status = preset_entry(presets, &preset);
    free(key);
    return status;
}

/* A JSON value in the spelling of KEY=VALUE: strings as they are, numbers in decimal, lists joined
 * by commas.  NULL: neither. */
static char *preset_spelling(const json_t *value)
{
    if (json_is_string(value))
        return need(strdup(json_string_value(value)));
    if (json_is_integer(value))
        return format_new("%lld", json_integer_value(value));
    if (!json_is_array(value))
        return NULL;
    char *list = need(strdup(""));
    size_t i;
    const json_t *element;
    json_array_foreach(value, i, element)
    {
        char *word = json_is_array(element) ? NULL : preset_spelling(element);
        char *longer = word ? format_new("%s%s%s", list, i ? "," : "", word) : NULL;
        free(word);
        free(list);
        list = longer;
        if (!list)
            return NULL;
    }
    return list;
}

static int preset_json(struct presets *presets, skep_map *map, const char *path,
                       const json_t *entry)
{
    const json_t *cpu = json_object_get(entry, "cpu");
    char *key = preset_spelling(json_object_get(entry, "key"));
    char *value = preset_spelling(json_object_get(entry, "value"));
    struct preset preset = { map, key, value, cpu ? (int)json_integer_value(cpu) : -1 };
    int status = value ? preset_entry(presets, &preset)
                       : say_usage("%s: each entry is {\"key\": …, \"value\": …}", path);
    free(key);
    free(value);
    return status;
}

static int preset_file(struct presets *presets, skep_map *map, const char *path)
{
    json_error_t error;
    json_t *list = json_load_file(path, 0, &error);
    if (!list)
        return say_usage("%s:%d: %s", path, error.line, error.text);
    int status =
        json_is_array(list) ? STATUS_OK : say_usage("%s: not a list of {key, value, cpu}", path);
    for (size_t i = 0; !status && i < json_array_size(list); i++)
        status = preset_json(presets, map, path, json_array_get(list, i));
    json_decref(list);
    return status;
}

static int preset_option(struct presets *presets, const struct given_option *given)
{
    skep_map *map = preset_map(presets, given->values[0]);
    int status = map ? STATUS_OK : STATUS_USAGE;
    for (int i = 1; !status && i < given->n; i++) {
        const char *word = given->values[i];
        status =
            word[0] == '@' ? preset_file(presets, map, word + 1) : preset_pair(presets, map, word);
    }
    return status;
}

int presets_apply(struct presets *presets, struct host *host, const struct target *target,
                  const struct args *args, skep_program *program)
{
    int status = STATUS_OK;
    const struct given_option *given = NULL;
    *presets = (struct presets){ .host = host, .target = target, .args = args, .program = program };
    while (!status && (given = args_next(args, OPT_SET_MAP, given)))
        status = preset_option(presets, given);
    return status;
}

void presets_drop(struct presets *presets)
{
    for (size_t i = 0; i < presets->n_programs; i++)
        skep_program_free(presets->programs[i]);
    for (size_t i = 0; i < presets->n_maps; i++)
        skep_map_unref(presets->maps[i]);
    free(presets->programs);
    free(presets->maps);
}
