/* skep dump: what is in an object.  Every view makes result objects; text shows the same. */
#include "facts.h"
#include "load.h"
#include "machine.h"
#include "open.h"
#include "out.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char details_dump[] =
    "Without one of --insns, --linked, --cfg, --facts, --host, --ssa, --jit, --maps, --btf, "
    "--relocs: "
    "tables\n"
    "of the programs and maps. The views of programs show one when it is named, else all of them.\n"
    "--insns is llvm-objdump's listing of the program as it stands in its section, relocations "
    "not\n"
    "applied; --linked is what will run, with every reference resolved. --ssa and --jit are what\n"
    "the compiler makes of a verified program; --fuel, --blind and --opt-off change that.\n"
    "--facts verifies the programs and shows what holds before each instruction in every run; of\n"
    "each line, what differs from the line above (--json has all). fp-8 is the stack's last slot.\n"
    "\n"
    "Example:\n"
    "\n"
    "  skep dump firewall.bpf.c:firewall --linked\n";

/* ---- tables of programs and maps ----------------------------------------------------------- */

static json_t *dump_programs(const struct target *target)
{
    json_t *rows = need(json_array());
    struct skep_program_info info;
    for (size_t i = 0; skep_object_program(target->object, i, &info) == SKEP_OK; i++) {
        if (target->program && strcmp(info.name, target->program))
            continue;
        json_t *row = target_result(target, &info);
        set(row, "attach", json_text(info.attach));
        set(row, "sleepable", json_boolean(info.sleepable));
        set(row, "slots", json_integer(info.insn_slots));
        append(rows, row);
    }
    return rows;
}

static json_t *dump_map(const skep_env *env, const struct skep_object_map_info *info)
{
    json_t *row = need(json_object());
    set(row, "name", json_text(info->spec.name));
    set(row, "section", json_text(info->section));
    set(row, "type", map_type_json(env, info->spec.type));
    set(row, "key_size", json_integer(info->spec.key_size));
    set(row, "value_size", json_integer(info->spec.value_size));
    set(row, "max_entries", json_integer(info->spec.max_entries));
    set(row, "flags", json_u64(info->spec.flags));
    set(row, "map_extra", json_u64(info->spec.map_extra));
    set(row, "pinning", json_integer(info->pinning));
    set(row, "is_data", json_boolean(info->is_data));
    set(row, "read_only", json_boolean(info->read_only));
    if (info->contents)
        set(row, "contents", json_hex(info->contents, info->spec.value_size));
    return row;
}

static json_t *dump_maps(const skep_env *env, const struct target *target)
{
    json_t *rows = need(json_array());
    struct skep_object_map_info info;
    for (size_t i = 0; skep_object_map(target->object, i, &info) == SKEP_OK; i++)
        append(rows, dump_map(env, &info));
    return rows;
}

static void print_programs(const json_t *rows)
{
    static const char *const headers[] = { "program", "section", "type", ">slots", "attach" };
    struct table *table = table_new(5, headers);
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        table_cell(table, get_text(row, "program"));
        table_cell(table, get_text(row, "section"));
        table_cell(table, json_is_null(json_object_get(row, "type")) ? "?" : get_text(row, "type"));
        table_cell_f(table, "%lld", get_int(row, "slots"));
        table_cell(table, get_text(row, "attach"));
    }
    table_print(table, "");
}

static const char *map_note(const json_t *row)
{
    if (json_is_true(json_object_get(row, "read_only")))
        return "read-only";
    return get_int(row, "pinning") == 1 ? "pinned by name"
           : get_int(row, "pinning")    ? "pinned"
                                        : "";
}

static void print_maps(const json_t *rows)
{
    static const char *const headers[] = { "map",    "section",  "type",   ">key",
                                           ">value", ">entries", ">flags", "" };
    struct table *table = table_new(8, headers);
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        table_cell(table, get_text(row, "name"));
        table_cell(table, get_text(row, "section"));
        table_cell(table, get_text(row, "type"));
        table_cell_f(table, "%lld", get_int(row, "key_size"));
        table_cell_f(table, "%lld", get_int(row, "value_size"));
        table_cell_f(table, "%lld", get_int(row, "max_entries"));
        table_cell(table, get_text(row, "flags"));
        table_cell(table, map_note(row));
    }
    table_print(table, "");
}

static json_t *dump_overview(const skep_env *env, const struct target *target)
{
    json_t *result = need(json_object());
    set(result, "object", json_text(target->path));
    set(result, "license", json_text(skep_object_license(target->object)));
    set(result, "programs", dump_programs(target));
    set(result, "maps", dump_maps(env, target));
    return result;
}

static void print_overview(const json_t *result)
{
    const json_t *programs = json_object_get(result, "programs");
    const json_t *maps = json_object_get(result, "maps");
    if (json_array_size(programs))
        print_programs(programs);
    if (json_array_size(programs) && json_array_size(maps))
        putchar('\n');
    if (json_array_size(maps))
        print_maps(maps);
    if (*get_text(result, "license"))
        printf("\nlicense: %s\n", get_text(result, "license"));
}

/* ---- listings ------------------------------------------------------------------------------ */

static int listing_unlinked(const struct target *target, const struct skep_program_info *info,
                            char **text)
{
    skep_error error = { 0 };
    skep_status status = skep_object_list(target->object, info->name, text, &error);
    return status ? say_error(target->path, status, &error) : STATUS_OK;
}

/* A view of programs: the option, the engine that the program is loaded for, and its listing. */
enum view_kind { VIEW_UNLINKED, VIEW_LIST, VIEW_FACTS, VIEW_SSA, VIEW_MACHINE };
struct view {
    enum option_id id;
    enum view_kind kind;
    enum skep_listing listing; /* VIEW_LIST */
};
static const struct view views[] = {
    { .id = OPT_INSNS, .kind = VIEW_UNLINKED },
    { .id = OPT_LINKED, .kind = VIEW_LIST, .listing = SKEP_LIST_INSNS },
    { .id = OPT_CFG, .kind = VIEW_LIST, .listing = SKEP_LIST_CFG },
    { .id = OPT_FACTS, .kind = VIEW_FACTS },
    { .id = OPT_HOST, .kind = VIEW_LIST, .listing = SKEP_LIST_HOST },
    { .id = OPT_SSA, .kind = VIEW_SSA },
    { .id = OPT_JIT, .kind = VIEW_MACHINE },
};

/* What the view shows of a loaded program. */
static int listing_of(const struct view *view, const struct args *args, const skep_program *program,
                      json_t **out)
{
    if (view->kind == VIEW_MACHINE) {
        *out = machine_code_json(program);
        return STATUS_OK;
    }
    char *text = NULL;
    skep_error error = { 0 };
    skep_status status =
        view->kind == VIEW_SSA
            ? skep_program_list_ssa(program, args_value(args, OPT_SSA), &text, &error)
            : skep_program_list(program, view->listing, &text);
    if (status)
        return say_error(skep_program_name(program), status, &error);
    *out = json_lines(text);
    free(text);
    return STATUS_OK;
}

static int listing_loaded(const struct target *target, const struct args *args,
                          const struct skep_program_info *info, const struct view *view,
                          json_t **out)
{
    bool compiled = view->kind == VIEW_MACHINE || (view->kind == VIEW_SSA && *skep_jit_name());
    const struct load_wish wish = { .engine = compiled                 ? SKEP_ENGINE_JIT
                                              : view->kind == VIEW_SSA ? SKEP_ENGINE_DEFAULT
                                                                       : SKEP_ENGINE_NONE };
    skep_program *program;
    int result = program_load(target, args, info, &wish, &program);
    if (result)
        return result;
    result = listing_of(view, args, program, out);
    skep_program_free(program);
    return result;
}

static int dump_listing(const struct target *target, const struct args *args,
                        const struct view *view, const struct skep_program_info *info,
                        json_t *results)
{
    json_t *listing = NULL;
    char *text = NULL;
    int status = view->kind == VIEW_UNLINKED ? listing_unlinked(target, info, &text)
                 : view->kind == VIEW_FACTS  ? facts_json(target, args, info, &listing)
                                             : listing_loaded(target, args, info, view, &listing);
    if (status)
        return status;
    json_t *result = target_result(target, info);
    set(result, option_rows[view->id].name, text ? json_lines(text) : listing);
    append(results, result);
    free(text);
    return STATUS_OK;
}

/* The worst of the programs' statuses; the others are listed all the same. */
static int dump_listings(const struct target *target, const struct args *args,
                         const struct view *view, json_t *results)
{
    struct skep_program_info info;
    if (target->program || skep_object_n_programs(target->object) == 0) {
        int status = target_program(target, &info);
        return status ? status : dump_listing(target, args, view, &info, results);
    }
    int worst = STATUS_OK;
    for (size_t i = 0; skep_object_program(target->object, i, &info) == SKEP_OK; i++) {
        int status = dump_listing(target, args, view, &info, results);
        if (status > worst)
            worst = status;
    }
    return worst;
}

static void print_lines(const json_t *lines)
{
    size_t i;
    const json_t *line;
    json_array_foreach(lines, i, line) puts(json_string_value(line));
}

static void print_listings(const struct view *view, const json_t *results)
{
    size_t i;
    const json_t *result;
    json_array_foreach(results, i, result)
    {
        if (json_array_size(results) > 1)
            printf("%s%s%s (%s):%s\n", i ? "\n" : "", colour(BOLD), get_text(result, "program"),
                   get_text(result, "section"), colour(PLAIN));
        const json_t *listing = json_object_get(result, option_rows[view->id].name);
        if (view->kind == VIEW_MACHINE)
            machine_code_print(listing);
        else if (view->kind == VIEW_FACTS)
            facts_print(listing);
        else
            print_lines(listing);
    }
}

/* ---- views of the whole object ------------------------------------------------------------- */

static int dump_text(const struct target *target, enum option_id id, json_t *results)
{
    char *text;
    skep_status status = id == OPT_BTF ? skep_object_list_btf(target->object, &text)
                                       : skep_object_list_relocs(target->object, &text);
    if (status)
        return say_error(target->path, status, NULL);
    json_t *result = need(json_object());
    set(result, "object", json_text(target->path));
    set(result, option_rows[id].name, json_lines(text));
    append(results, result);
    free(text);
    return STATUS_OK;
}

/* ---- the command --------------------------------------------------------------------------- */

static const struct view *view_asked(const struct args *args)
{
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (args_has(args, views[i].id))
            return &views[i];
    return NULL;
}

static int count_views(const struct args *args)
{
    static const enum option_id all[] = { OPT_INSNS, OPT_LINKED, OPT_CFG,  OPT_FACTS, OPT_HOST,
                                          OPT_SSA,   OPT_JIT,    OPT_MAPS, OPT_BTF,   OPT_RELOCS };
    int n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        n += args_has(args, all[i]);
    return n;
}

static int dump_object_text(const struct target *target, const struct args *args, enum option_id id,
                            json_t *results)
{
    int status = dump_text(target, id, results);
    if (!status && !args_has(args, OPT_JSON))
        print_lines(json_object_get(json_array_get(results, 0), option_rows[id].name));
    return status;
}

static int dump_tables(const skep_env *env, const struct target *target, const struct args *args,
                       json_t *results)
{
    json_t *result = dump_overview(env, target);
    if (args_has(args, OPT_MAPS))
        json_object_del(result, "programs");
    append(results, result);
    if (!args_has(args, OPT_JSON))
        print_overview(result);
    return STATUS_OK;
}

static int dump_target(const skep_env *env, const struct target *target, const struct args *args,
                       json_t *results)
{
    const struct view *view = view_asked(args);
    if (view) {
        int status = dump_listings(target, args, view, results);
        if (!args_has(args, OPT_JSON))
            print_listings(view, results);
        return status;
    }
    if (args_has(args, OPT_BTF))
        return dump_object_text(target, args, OPT_BTF, results);
    if (args_has(args, OPT_RELOCS))
        return dump_object_text(target, args, OPT_RELOCS, results);
    return dump_tables(env, target, args, results);
}

/* Without an object --filter is the program, compiled for Ethernet. */
static int dump_open(skep_env *env, const struct args *args, struct target *target)
{
    if (args->n_words)
        return target_open(env, args, args->words[0], target);
    return target_open_filter(env, args, args_value(args, OPT_FILTER), DLT_EN10MB, target);
}

int command_dump(const struct args *args)
{
    struct host host;
    struct target target;
    if (args->n_words + args_has(args, OPT_FILTER) != 1)
        return say_usage("dump takes one object, or --filter; see skep help dump");
    if (count_views(args) > 1)
        return say_usage("one view at a time, please");
    int status = host_open(&host, 1);
    if (!status)
        status = dump_open(host.env, args, &target);
    if (!status) {
        json_t *results = need(json_array());
        status = dump_target(host.env, &target, args, results);
        if (args_has(args, OPT_JSON) && (!status || json_array_size(results)))
            print_document(args->command->name, json_incref(results));
        json_decref(results);
        target_close(&target);
    }
    host_close(&host);
    return status;
}
