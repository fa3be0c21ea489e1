/* Discharges obligations, each in a process of its own, and prints one line for each:
 *
 *     prove [-j JOBS] [-t SECONDS] [--markdown] [NAME...]
 *
 * A proof runs its claim once for every answer to the conditions that the text branches on.  It has
 * failed if some run has a counterexample, if the solver gives up or takes too long, and if what is
 * assumed contradicts itself in all runs, for then anything would follow. */
#include "proofs/prove.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

std::vector<word> witnesses;
std::vector<std::pair<word, word>> witness_pairs;

namespace
{

struct task {
    std::string group, name;
    std::function<truth()> claim;
    std::function<z3::expr(z3::context &)> integers;
};
std::vector<task> &tasks()
{
    static std::vector<task> all;
    return all;
}

unsigned seconds_allowed = 60; /* of processor time */

/* What a function that was called promises: the consequent if the antecedent holds. */
struct promised {
    z3::expr antecedent, consequent;
};

/* One run: the facts assumed, promises, and the answers given to conditions so far. */
struct run {
    std::vector<z3::expr> facts;
    std::vector<promised> promises;
    std::vector<bool> answers; /* to be given again */
    size_t asked = 0;
} current;

/* The processes that prove are stopped by their processor time, not by the clock. */
z3::solver solver_for(bool has_functions, unsigned milliseconds)
{
    z3::context &c = proof_context();
    z3::params p(c);
    p.set("timeout", milliseconds);
    z3::solver s = z3::tactic(c, has_functions ? "qfufbv" : "qfbv").mk_solver();
    s.set(p);
    return s;
}

bool has_functions(const z3::expr &e, std::map<unsigned, bool> &seen)
{
    if (!e.is_app() || seen.count(e.id()))
        return false;
    seen[e.id()] = true;
    if (e.num_args() > 0 && e.decl().decl_kind() == Z3_OP_UNINTERPRETED)
        return true;
    for (unsigned i = 0; i < e.num_args(); i++)
        if (has_functions(e.arg(i), seen))
            return true;
    return false;
}
bool any_has_functions(const std::vector<z3::expr> &all)
{
    std::map<unsigned, bool> seen;
    for (const z3::expr &e : all)
        if (has_functions(e, seen))
            return true;
    return false;
}

/* The parts of a conjunction. */
void split(const z3::expr &e, std::vector<z3::expr> &parts)
{
    if (e.is_and())
        for (unsigned i = 0; i < e.num_args(); i++)
            split(e.arg(i), parts);
    else if (!e.is_true())
        parts.push_back(e);
}

z3::check_result check_with(const std::vector<z3::expr> &facts, const z3::expr &last,
                            unsigned milliseconds)
{
    std::vector<z3::expr> all = facts;
    all.push_back(last);
    z3::solver s = solver_for(any_has_functions(all), milliseconds);
    for (const z3::expr &e : all)
        s.add(e);
    return s.check();
}

bool is_among(const std::vector<z3::expr> &facts, const z3::expr &part)
{
    for (const z3::expr &fact : facts)
        if (z3::eq(fact, part))
            return true;
    return false;
}

/* Each part for itself; those that hold help with the next. */
z3::check_result check_parts(std::vector<z3::expr> facts, const z3::expr &claim,
                             unsigned milliseconds)
{
    std::vector<z3::expr> parts;
    split(claim.simplify(), parts);
    for (const z3::expr &part : parts) {
        if (is_among(facts, part))
            continue;
        z3::check_result result = check_with(facts, !part, milliseconds);
        if (result != z3::unsat)
            return result;
        facts.push_back(part);
    }
    return z3::unsat;
}

/* Promises whose antecedents hold are facts for those that come later; others stay implications. */
void redeem_promises(void)
{
    for (const promised &p : current.promises) {
        bool holds = check_parts(current.facts, p.antecedent, 20000) == z3::unsat;
        z3::expr fact = holds ? p.consequent : z3::implies(p.antecedent, p.consequent);
        split(fact.simplify(), current.facts);
    }
}

/* "proved", "vacuous", or what went wrong. */
std::string check_run(const z3::expr &claim)
{
    std::vector<z3::expr> premises;
    for (const z3::expr &fact : current.facts)
        split(fact.simplify(), premises);
    current.facts = premises;
    redeem_promises();
    switch (check_parts(current.facts, claim, 1000000)) {
    case z3::sat: return "REFUTED";
    case z3::unknown: return "UNKNOWN";
    case z3::unsat: break;
    }
    switch (check_with(premises, proof_context().bool_val(true), 1000000)) {
    case z3::sat: return "proved";
    case z3::unknown: return "UNKNOWN premises";
    case z3::unsat: break;
    }
    return "vacuous";
}

/* Goes on to the next combination of answers; false after the last. */
bool next_answers()
{
    std::vector<bool> &answers = current.answers;
    while (!answers.empty() && !answers.back())
        answers.pop_back();
    if (answers.empty())
        return false;
    answers.back() = false;
    return true;
}

std::string prove(const task &t)
{
    bool some = false;
    current = run();
    do {
        current.facts.clear();
        current.promises.clear();
        current.asked = 0;
        witnesses.clear();
        witness_pairs.clear();
        truth claim = t.claim();
        std::string result = check_run(claim.e);
        if (result != "proved" && result != "vacuous")
            return result;
        some = some || result == "proved";
    } while (next_answers());
    return some ? "proved" : "VACUOUS";
}

std::string prove_over_integers(const task &t)
{
    z3::context c;
    z3::params p(c), sums(c);
    sums.set("som", true); /* identities of polynomials become plain to see */
    z3::solver s = (z3::with(z3::tactic(c, "simplify"), sums) & z3::tactic(c, "smt")).mk_solver();
    p.set("timeout", seconds_allowed * 1000);
    s.set(p);
    s.add(!t.integers(c));
    switch (s.check()) {
    case z3::sat: return "REFUTED";
    case z3::unknown: return "UNKNOWN (" + s.reason_unknown() + ")";
    case z3::unsat: break;
    }
    return "proved";
}

struct outcome {
    std::string result; /* empty: not yet known */
    double seconds;
};

struct worker {
    size_t task;
    pid_t process;
    int pipe;
};

worker start(size_t i)
{
    int ends[2];
    if (pipe(ends) != 0)
        abort();
    fflush(stdout);
    pid_t process = fork();
    if (process == 0) {
        const task &t = tasks()[i];
        rlimit limit = { seconds_allowed, seconds_allowed + 1 };
        setrlimit(RLIMIT_CPU, &limit);
        std::string result;
        try {
            result = t.claim ? prove(t) : prove_over_integers(t);
        } catch (const z3::exception &e) {
            result = std::string("ERROR ") + e.msg();
        }
        if (write(ends[1], result.c_str(), result.size()) < 0)
            _exit(1);
        _exit(0);
    }
    close(ends[1]);
    return { i, process, ends[0] };
}

/* The time is that of the processor. */
outcome finish(const worker &w, const rusage &used)
{
    char text[256];
    ssize_t n = read(w.pipe, text, sizeof text);
    close(w.pipe);
    std::string result = n > 0 ? std::string(text, static_cast<size_t>(n)) : "TIMEOUT";
    auto seconds = [](const timeval &t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return { result, seconds(used.ru_utime) + seconds(used.ru_stime) };
}

} // namespace

void assume(truth fact) { current.facts.push_back(fact.e); }
void promise(truth antecedent, truth consequent)
{
    current.promises.push_back({ antecedent.e, consequent.e });
}

bool proof_fork(const z3::expr &condition)
{
    z3::expr known = condition.simplify();
    if (known.is_true() || known.is_false())
        return known.is_true();
    if (current.asked == current.answers.size())
        current.answers.push_back(true);
    bool answer = current.answers[current.asked++];
    current.facts.push_back(answer ? condition : !condition);
    return answer;
}

void obligation(const char *group, const char *name, std::function<truth()> claim)
{
    tasks().push_back({ group, name, std::move(claim), nullptr });
}
void obligation_over_integers(const char *group, const char *name,
                              std::function<z3::expr(z3::context &)> claim)
{
    tasks().push_back({ group, name, nullptr, std::move(claim) });
}

namespace
{

struct options {
    unsigned jobs = 2;
    bool markdown = false;
    std::vector<std::string> names;
};

options read_options(int argc, char **argv)
{
    options o;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-j") && i + 1 < argc)
            o.jobs = static_cast<unsigned>(atoi(argv[++i]));
        else if (!strcmp(argv[i], "-t") && i + 1 < argc)
            seconds_allowed = static_cast<unsigned>(atoi(argv[++i]));
        else if (!strcmp(argv[i], "--markdown"))
            o.markdown = true;
        else
            o.names.push_back(argv[i]);
    }
    return o;
}

bool wanted(const options &o, const task &t)
{
    for (const std::string &name : o.names)
        if (t.name == name || t.group == name)
            return true;
    return o.names.empty();
}

void print(const options &o, const task &t, const outcome &out)
{
    const char *format = o.markdown ? "| %s | `%s` | %s | %.2f |\n" : "%-10s %-34s %-8s %7.2f s\n";
    printf(format, t.group.c_str(), t.name.c_str(), out.result.c_str(), out.seconds);
    fflush(stdout);
}

} // namespace

int prove_all(int argc, char **argv)
{
    options o = read_options(argc, argv);
    std::vector<size_t> chosen;
    for (size_t i = 0; i < tasks().size(); i++)
        if (wanted(o, tasks()[i]))
            chosen.push_back(i);
    std::vector<outcome> outcomes(tasks().size());
    std::vector<worker> running;
    size_t proved = 0, begun = 0, printed = 0;
    double used_in_all = 0;
    while (printed < chosen.size()) {
        while (begun < chosen.size() && running.size() < o.jobs)
            running.push_back(start(chosen[begun++]));
        rusage used;
        pid_t process = wait4(-1, nullptr, 0, &used);
        for (size_t i = 0; i < running.size(); i++)
            if (running[i].process == process) {
                outcomes[running[i].task] = finish(running[i], used);
                running.erase(running.begin() + static_cast<ptrdiff_t>(i));
                break;
            }
        /* In order, so that two runs print the same lines. */
        for (; printed < chosen.size() && !outcomes[chosen[printed]].result.empty(); printed++) {
            const outcome &out = outcomes[chosen[printed]];
            proved += out.result == "proved";
            used_in_all += out.seconds;
            print(o, tasks()[chosen[printed]], out);
        }
    }
    printf("%s%zu of %zu obligations proved, in %.0f s of processor time\n", o.markdown ? "\n" : "",
           proved, chosen.size(), used_in_all);
    return proved == chosen.size() && proved > 0 ? 0 : 1;
}
