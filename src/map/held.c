/* Objects that maps hold; see held.h. */
#include "map/held.h"

static void held_take_map(void *object) { map_get(object); }
static void held_put_map(void *object) { map_put(object); }
static void held_drop_map(struct epoch *epoch, void *object)
{
    struct skep_map *map = object;
    epoch_return(epoch, &map->returns, held_put_map, map);
}
const struct held_kind held_map = { held_take_map, held_drop_map };

static void held_take_program(void *object) { rt_program_get(object); }
static void held_put_program(void *object) { rt_program_put(object); }
static void held_drop_program(struct epoch *epoch, void *object)
{
    struct rt_program *program = object;
    epoch_return(epoch, &program->returns, held_put_program, program);
}
const struct held_kind held_program = { held_take_program, held_drop_program };
