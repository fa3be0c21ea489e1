/* skep run: one program on its input. */
#include "maps.h"
#include "report.h"
#include "verdict.h"

#include <string.h>

const char details_run[] =
    "Runs one program. OBJ is an object, a C file (compiled by clang), assembler text (.s, .asm), "
    "or\n"
    "bytecode (.bin, .hex); bare instructions get r1 = data, r2 = size unless --type says more.\n"
    "Classic BPF, as tcpdump -ddd prints it, is converted; without OBJ the program is --filter.\n"
    "\n"
    "INPUT: --pcap runs the program on every packet of a capture; --data on one packet, or on "
    "plain\n"
    "memory; --ctx sets fields of the context by name, and gives arguments {\"args\": [1, 2]} or\n"
    "several contexts as a list. Without any of them a packet program gets 64 zero bytes.\n"
    "\n"
    "OUTPUT: verdicts, and for few packets a line each; faults, once for each kind; what\n"
    "bpf_trace_printk, ring buffers and perf events say. --write-pcap gets the packets that pass\n"
    "or are sent back, as the program left them.\n"
    "\n"
    "TIMERS fire when the runs are over: those that are due, and with --timers NS those that "
    "become\n"
    "due while that time passes, which takes no time: the program's clocks jump ahead.\n"
    "\n"
    "VERIFICATION: a program is verified before it runs, as by skep verify, by --profile (linux).\n"
    "With --fuel its loops need not be proved to end. --no-verify runs it as it is, in checked\n"
    "only.\n"
    "\n"
    "ENGINES: jit compiles the program to machine code, interp interprets it; both rest on the\n"
    "verification. checked checks every access while the program runs. The default is jit where "
    "there\n"
    "is one for this CPU, else interp; checked with --no-verify.\n"
    "\n"
    "MAP VALUES (keys too): a number of the map's size, decimal or 0x; hex bytes, as 0a:0b:0c,\n"
    "hex:0a0b0c or all digits of the size; an address, 10.0.0.1 or ::1; for LPM tries 10.0.0.0/8;\n"
    "a list joined by commas, whose numbers share the size evenly unless they say theirs: 80u16,\n"
    "443be16; \"text\". A program array takes the name of a program, a map of maps that of a map.\n"
    "@FILE is a JSON list of {\"key\": …, \"value\": …, \"cpu\": …}.\n"
    "\n"
    "Example:\n"
    "\n"
    "  skep run firewall.bpf.c --pcap in.pcap --set-map blocked4 10.0.0.0/8=1 --dump-maps\n"
    "  skep run --filter 'tcp port 443' --pcap in.pcap --write-pcap out.pcap\n";

/* The engine, and whether the program is verified. */
static int run_wish(const struct args *args, struct load_wish *wish)
{
    *wish = (struct load_wish){ .trusted = args_has(args, OPT_NO_VERIFY) };
    if (!engine_parse(args_value(args, OPT_ENGINE), &wish->engine))
        return STATUS_USAGE;
    bool checks = wish->engine == SKEP_ENGINE_CHECKED || wish->engine == SKEP_ENGINE_DEFAULT;
    if (wish->trusted && !checks)
        return say_usage("%s checks nothing while a program runs, so that it must be verified; "
                         "--no-verify is for checked",
                         engine_name(wish->engine));
    if (wish->engine == SKEP_ENGINE_INTERP && args_has(args, OPT_GUARD))
        return say_usage("interp has no guards; checked guards every access");
    return STATUS_OK;
}

static int run_plan_numbers(const struct args *args, struct run_plan *plan)
{
    uint64_t threads;
    if (!args_number(args, OPT_THREADS, 1024, 1, &threads) ||
        !args_number(args, OPT_REPEAT, UINT32_MAX, 1, &plan->rounds) ||
        !args_number(args, OPT_TIMERS, INT64_MAX, 0, &plan->timers_ns))
        return STATUS_USAGE;
    plan->n_threads = (uint32_t)threads;
    return STATUS_OK;
}

/* ---- the written capture ------------------------------------------------------------------- */

static void write_outcome(struct capture_writer *writer, const struct run_plan *plan,
                          const struct outcome *outcome, size_t i)
{
    size_t size = outcome->size;
    if (outcome->status)
        return;
    enum fate fate = verdict_fate(plan->input->hook, outcome->r0, &size);
    if (fate == FATE_PASSES || fate == FATE_SENT_BACK)
        capture_write(writer, outcome->bytes, (uint32_t)size, plan->input->cases.frames[i].time);
}

static int write_capture(const char *path, const struct run_plan *plan,
                         const struct run_report *report)
{
    struct capture_writer writer;
    int status = capture_create(path, &plan->input->cases, &writer);
    if (status)
        return status;
    for (size_t i = 0; i < plan->input->cases.n; i++)
        write_outcome(&writer, plan, &report->outcomes[i], i);
    return capture_close(&writer, path);
}

/* ---- the command --------------------------------------------------------------------------- */

static json_t *run_result(const struct target *target, const struct skep_program_info *info,
                          const struct run_plan *plan, const struct run_report *report,
                          const struct args *args)
{
    bool all = args_has(args, OPT_VERBOSE);
    json_t *result = target_result(target, info);
    set(result, "engine", json_text(engine_name(skep_program_engine(plan->program))));
    report_add(result, plan, report, all);
    if (args_has(args, OPT_DUMP_MAPS))
        set(result, "maps", maps_json(target->object, plan->program, all));
    return result;
}

static int run_show(const struct args *args, json_t *result)
{
    int status = json_array_size(json_object_get(result, "stops")) ? STATUS_NO : STATUS_OK;
    if (args_has(args, OPT_JSON)) {
        print_document(args->command->name, json_pack("[O]", result));
    } else {
        report_print(result, args_has(args, OPT_VERBOSE));
    }
    if (status)
        say_note("%s: %s did not end every run", get_text(result, "object"),
                 get_text(result, "program"));
    json_decref(result);
    return status;
}

static int run_planned(const struct args *args, const struct target *target,
                       const struct skep_program_info *info, const struct run_plan *plan)
{
    struct run_report report;
    const char *write = args_value(args, OPT_WRITE_PCAP);
    int status = runner_run(plan, &report);
    if (!status && write)
        status = write_capture(write, plan, &report);
    if (!status)
        status = run_show(args, run_result(target, info, plan, &report, args));
    runner_drop(plan, &report);
    return status;
}

/* Does every case give the memory that a verified program takes for granted? */
static int run_check_memory(const struct target *target, const struct run_plan *plan)
{
    const struct capture *cases = &plan->input->cases;
    uint32_t needed = skep_program_ctx_bytes(plan->program);
    for (size_t i = 0; i < cases->n; i++)
        if (cases->frames[i].size < needed)
            return say_usage("%s: %s needs %u bytes of memory as its context, and is given %u: "
                             "see --data",
                             target->path, skep_program_name(plan->program), needed,
                             cases->frames[i].size);
    return STATUS_OK;
}

static int run_program(const struct args *args, struct run_plan *plan, const struct target *target,
                       const struct skep_program_info *info)
{
    struct load_wish wish;
    struct presets presets = { 0 };
    skep_program *program = NULL;
    int status = run_wish(args, &wish);
    if (!status)
        status = program_load(target, args, info, &wish, &program);
    if (!status)
        status = presets_apply(&presets, plan->host, target, args, program);
    plan->program = program;
    if (!status)
        status = run_check_memory(target, plan);
    if (!status)
        status = run_planned(args, target, info, plan);
    presets_drop(&presets);
    skep_program_free(program);
    return status;
}

static int run_on_input(const struct args *args, struct run_plan *plan, const struct target *target,
                        const struct skep_program_info *info, const struct input *input)
{
    plan->input = input;
    plan->keep_bytes = args_has(args, OPT_WRITE_PCAP) || input->cases.n == 1;
    if (args_has(args, OPT_WRITE_PCAP) && !(info->hook->flags & SKEP_HOOK_PACKET))
        return say_usage("--write-pcap: %s is no program type for packets", info->hook->name);
    return run_program(args, plan, target, info);
}

static int run_target(const struct args *args, struct run_plan *plan, const struct target *target)
{
    struct skep_program_info info;
    struct input input;
    int status = target_program(target, &info);
    if (!status && !info.hook)
        status = say_usage("%s: section %s does not say which type %s is; add --type", target->path,
                           info.section, info.name);
    if (!status)
        status = input_open(args, info.hook, &input);
    if (status)
        return status;
    status = run_on_input(args, plan, target, &info, &input);
    input_close(&input);
    return status;
}

static int run_object(const struct args *args, struct run_plan *plan)
{
    struct target target;
    int status = target_open(plan->host->env, args, args->words[0], &target);
    if (!status) {
        status = run_target(args, plan, &target);
        target_close(&target);
    }
    return status;
}

/* --filter without an object is the program itself, compiled for the capture's link type. */
static int run_filter(const struct args *args, struct run_plan *plan)
{
    struct target target;
    struct input input;
    struct skep_program_info info;
    const char *type = args_value(args, OPT_TYPE);
    const struct skep_hook *hook = hook_find(plan->host->env, type ? type : "socket_filter");
    if (!hook || !(hook->flags & SKEP_HOOK_PACKET))
        return say_usage("--filter: %s is no program type for packets", type);
    int status = input_open(args, hook, &input);
    if (status)
        return status;
    input.wire_in_mark = true;
    status = target_open_filter(plan->host->env, args, args_value(args, OPT_FILTER),
                                input.cases.link_type, &target);
    if (!status) {
        status = target_program(&target, &info);
        if (!status)
            status = run_on_input(args, plan, &target, &info, &input);
        target_close(&target);
    }
    input_close(&input);
    return status;
}

int command_run(const struct args *args)
{
    struct host host;
    struct run_plan plan = { .host = &host };
    bool filter = args->n_words == 0 && args_has(args, OPT_FILTER);
    if (args->n_words != 1 && !filter)
        return say_usage("run takes one object, or --filter; see skep help run");
    int status = run_plan_numbers(args, &plan);
    if (status)
        return status;
    status = args_has(args, OPT_REPRODUCIBLE) ? host_open_reproducible(&host, plan.n_threads)
                                              : host_open(&host, plan.n_threads);
    if (!status)
        status = filter ? run_filter(args, &plan) : run_object(args, &plan);
    host_close(&host);
    return status;
}
