/* Maps from outside: filled before a run by --set-map, shown after it. */
#ifndef SKEP_TOOL_MAPS_H
#define SKEP_TOOL_MAPS_H

#include "load.h"

/* BPF_MAP_TYPE_LPM_TRIE, whose keys are shown and read as ADDRESS/BITS. */
#define MAP_ID_LPM_TRIE 11u

/* What presets brought into being; it must live as long as the program runs. */
struct presets {
    struct host *host;
    const struct target *target;
    const struct args *args;
    skep_program *program; /* whose maps are filled */
    skep_program **programs;
    skep_map **maps;
    size_t n_programs, n_maps;
};

/* Fills the program's maps as --set-map says.  presets_drop in any case. */
int presets_apply(struct presets *presets, struct host *host, const struct target *target,
                  const struct args *args, skep_program *program);
void presets_drop(struct presets *presets);

/* What the program's maps hold now, data sections by variable too.  all: also entries of arrays
 * that are zero. */
json_t *maps_json(const skep_object *object, const skep_program *program, bool all);
void maps_print(const json_t *maps, bool all);

/* Whether programs write records into it that the host takes out in order. */
bool map_is_ringbuf(const skep_map *map);

#endif
