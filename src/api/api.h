/* The door of api/: the insides of the public nouns, which only the files of this folder see. */
#ifndef SKEP_SRC_API_API_H
#define SKEP_SRC_API_API_H

#include "ir/ir.h"
#include "jit/jit.h"
#include "load/load.h"
#include "os/os.h"
#include "rt/rt.h"
#include "vm/vm.h"
#include <skep/skep.h>

struct skep_env {
    struct mem mem;
    struct registry registry;
    struct skep_host host;
    struct epoch *epoch;
    struct rt_timers timers;
    struct load_kconfig *kconfig; /* owned, strings too */
    u32 n_kconfig;
    u32 n_cpus;
    u32 max_maps;
    _Atomic u32 n_maps;
    u64 hash_seed; /* 0: every map draws its own */
    u64 secret;    /* of cookies */
    struct os_lock lock;
    /* All that follows under lock. */
    u64 *cpu_slots;        /* those taken by threads */
    struct jit_gate *gate; /* NULL: nothing was compiled so far; it stays once it is there */
    u32 gate_debuggers;    /* SKEP_DEBUGGER_: those that were told of it */
    struct gdb_entry *gate_gdb;
};

/* Either what load/ opened, or bytecode that came without an object. */
struct skep_object {
    struct skep_env *env;
    _Atomic u32 references; /* the handle, and every program loaded from it */
    struct object *loaded;
    struct isa_slot *slots;
    u32 n_slots;
    const struct skep_hook *hook; /* of bytecode */
    /* What is known of bytecode's functions besides, by slot; tests set it.  Programs refer to it.
     */
    const struct code_func *funcs;
    u32 n_funcs;
    u32 exception_slot; /* 0: none */
    char *name;
    size_t name_size;
};

struct skep_program {
    struct rt_program rt;
    struct skep_env *env;
    struct skep_object *object;
    struct arena arena; /* all that follows lies in it, and goes with it */
    struct linked linked;
    struct cfg cfg;
    struct charge_plan charges;
    struct host_code host;              /* of the interpreter */
    const struct skep_helper **helpers; /* by instruction */
    struct skep_map **maps;             /* by LDDW_MAP index; a reference each */
    enum skep_engine engine;
    struct interp *interp;
    struct checked *checked;
    struct jit_code *jit;
    u32 passes_off; /* of the compiler, as it was asked, and so is the next one */
    bool blind;
    struct skep_machine_code machine_code; /* of `jit` */
    struct gdb_entry *gdb;                 /* that it is registered as, or NULL */
    struct witness witness; /* that the checked engine's runs are held to, if they are */
    struct facts facts;     /* of a verified program, for those who compile; else none */
    /* A handle of the host has user references on every map of its instance: its own, and those of
     * the programs that its PROG_ARRAYs begin with. */
    struct skep_map **instance_maps;
    u32 n_instance_maps;
    struct epoch_node node;
};

static inline struct skep_program *program_of_rt(struct rt_program *rt)
{
    return CONTAINER_OF(rt, struct skep_program, rt);
}

static inline bool map_is_named(const struct skep_map *map, const char *name)
{
    return map->spec.name && !strcmp(map->spec.name, name);
}

void object_get(struct skep_object *object);
void object_put(struct skep_object *object);
/* By name (NULL: the first); CODE_NONE: there is none. */
u32 object_find_program(const struct skep_object *object, const char *name);

/* Makes a map of the env: registry, quota, seed. */
skep_status env_map_new(struct skep_env *env, const struct skep_map_spec *spec,
                        struct skep_map **map, skep_error *err);

/* The program's host code, made anew. */
skep_status program_lower(const struct skep_program *program, bool metered, struct arena *arena,
                          struct host_code *out, skep_error *err);

/* A copy of a finished text for the caller's free(). */
skep_status api_text_out(struct text *text, char **out);

#endif
