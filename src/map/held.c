/* Objects that maps hold; see held.h. */
#include "map/held.h"

struct held_node {
    struct epoch_node deferred;
    struct mem *mem;
    const struct held_kind *kind;
    void *object;
};

static void held_get_map(void *object) { map_get(object); }
static void held_put_map(void *object) { map_put(object); }
const struct held_kind held_map = { held_get_map, held_put_map };

static void held_get_program(void *object) { rt_program_get(object); }
static void held_put_program(void *object) { rt_program_put(object); }
const struct held_kind held_program = { held_get_program, held_put_program };

bool held_take(struct skep_map *map, const struct held_kind *kind, void *object,
               struct held_slot *out)
{
    struct held_node *node = mem_new(map->mem, struct held_node);
    if (!node)
        return false;
    node->mem = map->mem;
    node->kind = kind;
    node->object = object;
    kind->get(object);
    *out = (struct held_slot){ .object = object, .node = node };
    return true;
}

static void held_release(void *deferred)
{
    struct held_node *node = deferred;
    node->kind->put(node->object);
    mem_delete(node->mem, node);
}

void held_drop(struct skep_map *map, const struct held_slot *slot)
{
    if (slot->node)
        epoch_defer(map->epoch, &slot->node->deferred, held_release, slot->node);
}
