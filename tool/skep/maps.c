/* What maps hold, as JSON and as tables. */
#include "maps.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In text, a value longer than this many hex digits is cut unless everything is asked for. */
#define MAPS_HEX_WIDTH 64

bool map_is_ringbuf(const skep_map *map)
{
    return skep_map_type(map)->classes & SKEP_MAP_RINGBUF_OUT;
}

static bool has_number(size_t size) { return size == 1 || size == 2 || size == 4 || size == 8; }

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

/* {"bytes": hex, "number": "0x…" when it has the size of one} */
static json_t *bytes_json(const uint8_t *bytes, size_t size)
{
    json_t *value = need(json_object());
    set(value, "bytes", json_hex(bytes, size));
    if (has_number(size))
        set(value, "number", json_u64(number_load(bytes, size)));
    return value;
}

/* ADDRESS/BITS, for keys of LPM tries as long as an address. */
static void set_prefix(json_t *key, const uint8_t *bytes, size_t size)
{
    char address[INET6_ADDRSTRLEN];
    if (size != 8 && size != 20)
        return;
    inet_ntop(size == 8 ? AF_INET : AF_INET6, bytes + 4, address, sizeof address);
    char *text = format_new("%s/%u", address, (unsigned)number_load(bytes, 4));
    set(key, "prefix", json_text(text));
    free(text);
}

static json_t *values_json(const skep_map *map, const uint8_t *value)
{
    const struct skep_map_spec *spec = skep_map_spec(map);
    json_t *values = need(json_array());
    bool per_cpu = skep_map_type(map)->traits & SKEP_MAP_PER_CPU;
    size_t stride = (spec->value_size + 7u) & ~(size_t)7;
    for (uint32_t cpu = 0; cpu < (per_cpu ? skep_map_n_cpus(map) : 1); cpu++)
        append(values, bytes_json(value + cpu * stride, spec->value_size));
    return values;
}

static json_t *entry_json(const skep_map *map, const uint8_t *key, const uint8_t *value)
{
    size_t key_size = skep_map_spec(map)->key_size;
    json_t *entry = need(json_object());
    json_t *key_json = bytes_json(key, key_size);
    if (skep_map_type(map)->id == MAP_ID_LPM_TRIE)
        set_prefix(key_json, key, key_size);
    set(entry, "key", key_json);
    set(entry, "values", values_json(map, value));
    return entry;
}

/* Adds the map's entries to `out`.  Indexed entries that are all zero are counted instead. */
static void entries_json(skep_map *map, bool all, json_t *out)
{
    const struct skep_map_spec *spec = skep_map_spec(map);
    size_t value_size = (size_t)skep_map_host_value_size(map);
    bool indexed = skep_map_type(map)->traits & SKEP_MAP_KEYS_ARE_INDEXES;
    uint8_t *keys = need(calloc(2, spec->key_size));
    uint8_t *value = need(calloc(1, value_size + 1));
    uint8_t *key = keys, *next = keys + spec->key_size;
    json_t *entries = need(json_array());
    json_int_t zero = 0;
    int more = skep_map_next_key(map, NULL, key);
    for (uint64_t i = 0; !more && i < spec->max_entries; i++) {
        int missing = skep_map_lookup(map, key, value);
        if (!missing && indexed && !all && is_zero(value, value_size))
            zero++;
        else if (!missing)
            append(entries, entry_json(map, key, value));
        more = skep_map_next_key(map, key, next);
        memcpy(key, next, spec->key_size);
    }
    set(out, "entries", entries);
    set(out, "zero_entries", json_integer(zero));
    free(keys);
    free(value);
}

/* The variables of a data section; nothing for other maps. */
static void variables_json(const skep_object *object, skep_map *map, json_t *out)
{
    static const uint32_t key = 0;
    const struct skep_map_spec *spec = skep_map_spec(map);
    struct skep_variable_info info;
    size_t position = 0;
    json_t *variables = NULL;
    const uint8_t *value = skep_map_value(map, &key, 0);
    while (value && !skep_object_next_variable(object, &position, &info)) {
        if (strcmp(info.map, spec->name) || info.size > spec->value_size)
            continue;
        variables = variables ? variables : need(json_array());
        json_t *variable = bytes_json(value + info.offset, info.size);
        set(variable, "name", json_text(info.name));
        append(variables, variable);
    }
    if (variables)
        set(out, "variables", variables);
}

static json_t *map_json(const skep_object *object, skep_map *map, bool all)
{
    const struct skep_map_spec *spec = skep_map_spec(map);
    const struct skep_map_type *type = skep_map_type(map);
    json_t *out = need(json_object());
    set(out, "name", json_text(spec->name));
    set(out, "type", json_text(type->name));
    set(out, "key_size", json_integer(spec->key_size));
    set(out, "value_size", json_integer(spec->value_size));
    set(out, "max_entries", json_integer(spec->max_entries));
    if (map_is_ringbuf(map))
        set(out, "lost", json_integer((json_int_t)skep_ringbuf_lost(map)));
    else if (spec->key_size && !(type->traits & (SKEP_MAP_HOLDS_MAPS | SKEP_MAP_HOLDS_PROGRAMS)))
        entries_json(map, all, out);
    if (type->traits & SKEP_MAP_DIRECT_VALUES)
        variables_json(object, map, out);
    return out;
}

json_t *maps_json(const skep_object *object, const skep_program *program, bool all)
{
    json_t *maps = need(json_array());
    skep_map *map;
    for (size_t i = 0; (map = skep_program_map_at(program, i)); i++)
        append(maps, map_json(object, map, all));
    return maps;
}

/* ---- text ---------------------------------------------------------------------------------- */

/* A number in decimal, other bytes in hex. */
static void cell_value(struct table *table, const json_t *value, bool all)
{
    const char *number = get_text(value, "number");
    const char *bytes = get_text(value, "bytes");
    if (*get_text(value, "prefix"))
        table_cell(table, get_text(value, "prefix"));
    else if (*number)
        table_cell_f(table, "%llu", strtoull(number, NULL, 16));
    else if (!all && strlen(bytes) > MAPS_HEX_WIDTH)
        table_cell_f(table, "%.*s… (%zu bytes)", MAPS_HEX_WIDTH, bytes, strlen(bytes) / 2);
    else
        table_cell(table, bytes);
}

static uint64_t values_sum(const json_t *values)
{
    uint64_t sum = 0;
    size_t i;
    const json_t *value;
    json_array_foreach(values, i, value) sum += strtoull(get_text(value, "number"), NULL, 16);
    return sum;
}

/* One value: key, value, and its bytes when it is a number.  Per CPU: key, a column for each. */
static void print_single(const json_t *entries, bool all)
{
    static const char *const headers[] = { ">key", ">value", "key bytes", "value bytes" };
    struct table *table = table_new(4, headers);
    size_t i;
    const json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        const json_t *key = json_object_get(entry, "key");
        const json_t *value = json_array_get(json_object_get(entry, "values"), 0);
        cell_value(table, key, all);
        cell_value(table, value, all);
        table_cell(table, *get_text(key, "number") || *get_text(key, "prefix")
                              ? get_text(key, "bytes")
                              : "");
        table_cell(table, *get_text(value, "number") ? get_text(value, "bytes") : "");
    }
    table_print(table, "  ");
}

static void print_per_cpu(const json_t *entries, size_t n_cpus, bool all)
{
    const char **headers = need(calloc(n_cpus + 2, sizeof *headers));
    char **names = need(calloc(n_cpus, sizeof *names));
    headers[0] = ">key";
    headers[1] = ">sum";
    for (size_t i = 0; i < n_cpus; i++)
        headers[i + 2] = names[i] = format_new(">cpu %zu", i);
    struct table *table = table_new(n_cpus + 2, headers);
    size_t i, j;
    const json_t *entry, *value;
    json_array_foreach(entries, i, entry)
    {
        const json_t *values = json_object_get(entry, "values");
        cell_value(table, json_object_get(entry, "key"), all);
        if (*get_text(json_array_get(values, 0), "number"))
            table_cell_f(table, "%llu", (unsigned long long)values_sum(values));
        else
            table_cell(table, "");
        json_array_foreach(values, j, value) cell_value(table, value, all);
    }
    table_print(table, "  ");
    for (i = 0; i < n_cpus; i++)
        free(names[i]);
    free(names);
    free(headers);
}

static void print_variables(const json_t *variables, bool all)
{
    static const char *const headers[] = { "variable", ">value", "bytes" };
    struct table *table = table_new(3, headers);
    size_t i;
    const json_t *variable;
    json_array_foreach(variables, i, variable)
    {
        table_cell(table, get_text(variable, "name"));
        cell_value(table, variable, all);
        table_cell(table, *get_text(variable, "number") ? get_text(variable, "bytes") : "");
    }
    table_print(table, "  ");
}

static void print_map(const json_t *map, bool all)
{
    const json_t *entries = json_object_get(map, "entries");
    size_t n = json_array_size(entries);
    const json_t *values = json_object_get(json_array_get(entries, 0), "values");
    const json_t *variables = json_object_get(map, "variables");
    printf("%s%s%s: %s, ", colour(BOLD), get_text(map, "name"), colour(PLAIN),
           get_text(map, "type"));
    if (variables) {
        printf("%lld bytes\n", get_int(map, "value_size"));
        print_variables(variables, all);
        return;
    }
    if (json_object_get(map, "lost")) {
        printf("%lld bytes, %lld records lost\n", get_int(map, "max_entries"),
               get_int(map, "lost"));
        return;
    }
    if (!entries) {
        printf("room for %lld entries\n", get_int(map, "max_entries"));
        return;
    }
    printf("%zu of %lld entries", n, get_int(map, "max_entries"));
    if (get_int(map, "zero_entries"))
        printf(" (%lld others are zero)", get_int(map, "zero_entries"));
    putchar('\n');
    if (n && json_array_size(values) > 1)
        print_per_cpu(entries, json_array_size(values), all);
    else if (n)
        print_single(entries, all);
}

void maps_print(const json_t *maps, bool all)
{
    size_t i;
    const json_t *map;
    json_array_foreach(maps, i, map) print_map(map, all);
}
