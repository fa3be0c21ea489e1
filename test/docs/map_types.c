/* docs/map_types.md: every map type and what can be done with it. */
#include "map/map.h"

#include "docs/page.h"

static const char introduction[] =
    "# Map types\n"
    "\n"
    "This page is generated from the descriptors in src/map/; `make docs` writes it anew.\n"
    "\n"
    "Semantics, flags and errno are Linux's (Documentation/bpf). Sizes are in bytes; a dash "
    "stands\n"
    "for any size from 1.\n";

static const struct page_bit class_names[] = {
    { SKEP_MAP_LOOKUP, "lookup" },
    { SKEP_MAP_UPDATE, "update" },
    { SKEP_MAP_DELETE, "delete" },
    { SKEP_MAP_ITERATE, "for-each" },
    { SKEP_MAP_PUSH, "push" },
    { SKEP_MAP_POP, "pop" },
    { SKEP_MAP_PEEK, "peek" },
    { SKEP_MAP_RINGBUF_OUT, "records" },
    { SKEP_MAP_PROGRAMS, "tail-call" },
    { SKEP_MAP_EVENTS, "events" },
    { SKEP_MAP_REDIRECTS, "redirect" },
    { SKEP_MAP_STACKS, "stacks" },
    { SKEP_MAP_CGROUPS, "cgroups" },
    { SKEP_MAP_SOCKETS, "sockets" },
    { SKEP_MAP_STORAGE, "storage" },
    { SKEP_MAP_USER_RINGBUF, "user-records" },
    { SKEP_MAP_TIMERS, "timers" },
    { SKEP_MAP_LOOKUP_PERCPU, "lookup-percpu" },
    { SKEP_MAP_SPIN_LOCKS, "spin-locks" },
};

static const struct page_bit trait_names[] = {
    { SKEP_MAP_PER_CPU, "per-CPU" },
    { SKEP_MAP_KEYS_ARE_INDEXES, "keys are indexes" },
    { SKEP_MAP_NO_KEY, "no key" },
    { SKEP_MAP_NO_VALUE, "no value" },
    { SKEP_MAP_HOLDS_MAPS, "holds maps" },
    { SKEP_MAP_HOLDS_PROGRAMS, "holds programs" },
    { SKEP_MAP_HOLDS_HANDLES, "holds handles" },
    { SKEP_MAP_DIRECT_VALUES, "direct values" },
    { SKEP_MAP_ENTRIES_POWER_OF_2_PAGES, "size a power of two" },
    { SKEP_MAP_HOLDS_SOCKETS, "holds sockets" },
    { SKEP_MAP_USES_EXTRA, "uses map_extra" },
};

static void write_sizes(struct text *out, u32 min, u32 max)
{
    if (!min && !max)
        text_string(out, "–");
    else if (min == max)
        text_printf(out, "%u", min);
    else
        text_printf(out, "%u…%u", min, max);
}

static void write_type(struct text *out, const struct skep_map_type *type)
{
    text_printf(out, "| %u | %s | ", type->id, type->name);
    write_sizes(out, type->key_size_min, type->key_size_max);
    text_string(out, " | ");
    write_sizes(out, type->value_size_min, type->value_size_max);
    text_string(out, " | ");
    PAGE_BITS(out, type->classes, class_names);
    text_string(out, " | ");
    PAGE_BITS(out, type->traits, trait_names);
    text_printf(out, " | 0x%x | %s |\n", type->flags_allowed,
                type->create ? "runs" : "contract only");
}

static const struct skep_map_type *type_at(u32 i)
{
    return i < n_map_types ? map_types[i] : map_type_described(i - n_map_types);
}

static const struct skep_map_type *next_type(const struct skep_map_type *last)
{
    const struct skep_map_type *best = NULL, *type;
    for (u32 i = 0; (type = type_at(i)); i++)
        if ((!last || type->id > last->id) && (!best || type->id < best->id))
            best = type;
    return best;
}

static void write_page(struct text *out)
{
    text_string(out, introduction);
    u32 n = 0;
    while (type_at(n))
        n++;
    text_printf(out,
                "\n%u map types, of which %u run; the others can be declared and verified.\n\n", n,
                n_map_types);
    text_string(out, "| id | name | key | value | programs may | traits | flags | here |\n"
                     "|---:|---|---|---|---|---|---|---|\n");
    for (const struct skep_map_type *t = next_type(NULL); t; t = next_type(t))
        write_type(out, t);
}

int main(int argc, char **argv) { return page_main(argc, argv, write_page); }
