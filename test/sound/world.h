/* The world of random programs: maps, a packet, what tail calls lead to, all as a seed decides; and
 * how programs of the generator are run in it, compared and made small. */
#ifndef SKEP_TEST_SOUND_WORLD_H
#define SKEP_TEST_SOUND_WORLD_H

#include "sound/generate.h"
#include <skep/skep.h>

struct world {
    skep_env *env;
    skep_thread *thread;
    skep_packet *packet;
    skep_map *maps[MAP_COUNT];
    skep_map *inner[2];
    /* What tail calls lead to, by hook and profile. */
    skep_map *programs[HOOK_COUNT][2];
    skep_object *targets[HOOK_COUNT];
    skep_program *target[HOOK_COUNT][2];
    const struct skep_hook *hooks[HOOK_COUNT];
    u64 random; /* of helpers */
    u64 insns;  /* executed so far, by engines that count */
};

/* Where something is left behind. */
enum world_place { PLACE_MEMORY, PLACE_RECORDS, PLACE_MAPS, PLACE_COUNT = PLACE_MAPS + MAP_COUNT };

/* What a run came to: all that can be seen from outside. */
struct world_outcome {
    skep_status status;
    u64 r0, fuel;
    u64 digest[PLACE_COUNT];
};

extern const char *const world_hook_names[HOOK_COUNT];

/* Ends the process with what is missing. */
void world_require(bool holds, const char *what);

void world_open(struct world *w);
void world_close(struct world *w);

/* The object of a program; NULL: it cannot be encoded, *error says why. */
skep_object *world_object(struct world *w, const struct generated *generated, skep_error *error);
/* Loads it with the world's maps in their places. */
skep_status world_load(struct world *w, skep_object *object, const struct generated *generated,
                       struct skep_load_options *options, skep_program **program,
                       skep_error *error);

/* One run on contents that *random decides, and of the timers that it armed.  outcome: NULL or what
 * it came to. */
skep_status world_run(struct world *w, const skep_program *program, enum generated_hook hook,
                      u64 *random, struct world_outcome *outcome);
/* What differs, or NULL. */
const char *world_difference(const struct world_outcome *a, const struct world_outcome *b);

/* The program of a seed, changed or not; *random: what else the seed decides. */
void world_program(struct generated *generated, u64 seed, u64 *random, enum generate_what what);
/* Takes out what is not needed for it to fail still. */
void world_shrink(struct generated *generated,
                  bool (*still_fails)(void *user, const struct generated *smaller), void *user);
void world_print(const struct generated *generated);

#endif
