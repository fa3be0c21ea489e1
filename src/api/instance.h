/* An instance while it is made: the maps and programs of one object that belong together.
 *
 * A program needs maps; a map of maps begins with other maps, a PROG_ARRAY with other programs,
 * which need maps.  The instance makes each once, by a worklist. */
#ifndef SKEP_SRC_API_INSTANCE_H
#define SKEP_SRC_API_INSTANCE_H

#include "api/api.h"

struct instance {
    struct skep_object *object;
    const struct skep_load_options *options;
    struct skep_map **maps; /* by the object's map; a user reference each */
    u32 n_maps;
    struct skep_program **programs; /* by the object's program; a reference each */
    u32 n_programs;
    u32 asked;        /* the program that is loaded; others come with its maps */
    VEC(u32) to_fill; /* maps whose initial values are still to be put */
};

skep_status instance_init(struct instance *instance, struct skep_object *object,
                          const struct skep_load_options *options);
/* Drops the programs' references; the maps' too, unless they were taken over (maps set to NULL). */
void instance_drop(struct instance *instance);

/* The map in its place, made if need be.  No reference is handed over. */
skep_status instance_map(struct instance *instance, u32 map, struct skep_map **out,
                         skep_error *err);
/* Loads a program with its maps, and what its maps begin with. */
skep_status instance_load(struct instance *instance, u32 program, skep_error *err);

/* api/program.c: one program, its maps taken from the instance. */
skep_status program_make(struct instance *instance, u32 index, struct skep_program **out,
                         skep_error *err);

#endif
