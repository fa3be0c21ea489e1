/* Command lines: long and short options by the table, --name VALUE and --name=VALUE, -v, `--` ends
 * the options, and what was probably meant when a name is wrong. */
#include "command.h"
#include "out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_LENGTH 32

static size_t args_least(size_t a, size_t b) { return a < b ? a : b; }

/* How many single-character edits apart two words are (Levenshtein). */
static size_t args_distance(const char *a, const char *b)
{
    size_t row[NEAR_LENGTH + 1];
    size_t n = strlen(b);
    if (n > NEAR_LENGTH)
        return n;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = args_least(replaced, args_least(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

struct nearest {
    const char *name;
    size_t distance;
};

static void nearest_consider(struct nearest *best, const char *word, const char *name)
{
    size_t distance = args_distance(word, name);
    if (distance < best->distance)
        *best = (struct nearest){ name, distance };
}

/* Two edits, or a third of a longer word, still look like a slip. */
static struct nearest nearest_none(const char *word)
{
    size_t third = strlen(word) / 3;
    return (struct nearest){ NULL, (third > 2 ? third : 2) + 1 };
}

const char *command_nearest(const char *word)
{
    struct nearest best = nearest_none(word);
    for (size_t i = 0; i < n_commands; i++)
        nearest_consider(&best, word, commands[i].name);
    return best.name;
}

static const char *option_nearest(const char *word, unsigned bit)
{
    struct nearest best = nearest_none(word);
    for (size_t i = 0; i < OPT_COUNT; i++)
        if (option_rows[i].commands & bit)
            nearest_consider(&best, word, option_rows[i].name);
    return best.name;
}

static int option_find(const char *name, size_t length, unsigned bit)
{
    for (int i = 0; i < OPT_COUNT; i++)
        if ((option_rows[i].commands & bit) && strlen(option_rows[i].name) == length &&
            strncmp(option_rows[i].name, name, length) == 0)
            return i;
    return -1;
}

static int letter_find(char letter, unsigned bit)
{
    for (int i = 0; i < OPT_COUNT; i++)
        if ((option_rows[i].commands & bit) && option_rows[i].letter == letter)
            return i;
    return -1;
}

static int option_unknown(const struct command *command, const char *word)
{
    const char *near = option_nearest(word + strspn(word, "-"), command->bit);
    if (near)
        return say_usage("%s has no option %s; did you mean --%s?", command->name, word, near);
    return say_usage("%s has no option %s; see skep help %s", command->name, word, command->name);
}

/* Where the parser is in argv. */
struct cursor {
    char **argv;
    int argc, at;
};

static bool is_pair(const char *word) { return word[0] == '@' || strchr(word, '='); }

static void take_pairs(struct cursor *cursor, struct given_option *given)
{
    while (cursor->at < cursor->argc && is_pair(cursor->argv[cursor->at])) {
        cursor->at++;
        given->n++;
    }
}

/* Takes the option's value, which is either inside its own word or the next one. */
static int take_value(struct args *args, struct cursor *cursor, enum option_id id, char *joined)
{
    const struct option_row *row = &option_rows[id];
    struct given_option *given = &args->options[args->n_options++];
    *given = (struct given_option){ .id = id };
    if (row->value && row->value[0] == '[' && !joined)
        return STATUS_OK;
    if (!row->value)
        return joined ? say_usage("--%s takes no value", row->name) : STATUS_OK;
    if (joined) {
        /* The word itself is the slot that the value is read from. */
        cursor->argv[cursor->at - 1] = joined;
        given->values = &cursor->argv[cursor->at - 1];
    } else {
        if (cursor->at >= cursor->argc)
            return say_usage("--%s needs a value: %s", row->name, row->value);
        given->values = &cursor->argv[cursor->at++];
    }
    given->n = 1;
    if (row->arity == ARITY_PAIRS)
        take_pairs(cursor, given);
    if (row->arity == ARITY_PAIRS && given->n < 2)
        return say_usage("--%s needs %s", row->name, row->value);
    return STATUS_OK;
}

static int take_long(struct args *args, struct cursor *cursor, char *word)
{
    char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    int id = option_find(word + 2, length, args->command->bit);
    if (id < 0)
        return option_unknown(args->command, word);
    return take_value(args, cursor, (enum option_id)id, equals ? equals + 1 : NULL);
}

static int take_letter(struct args *args, struct cursor *cursor, char *word)
{
    int id = letter_find(word[1], args->command->bit);
    if (id < 0 || (!option_rows[id].value && word[2]))
        return option_unknown(args->command, word);
    return take_value(args, cursor, (enum option_id)id, word[2] ? word + 2 : NULL);
}

int args_parse(struct args *args, const struct command *command, int argc, char **argv)
{
    struct cursor cursor = { argv, argc, 0 };
    bool options_end = false;
    size_t room = (size_t)argc + 1;
    *args = (struct args){ .command = command,
                           .words = need(calloc(room, sizeof *args->words)),
                           .options = need(calloc(room, sizeof *args->options)) };
    while (cursor.at < argc) {
        char *word = argv[cursor.at++];
        int status = STATUS_OK;
        if (!options_end && strcmp(word, "--") == 0)
            options_end = true;
        else if (!options_end && strncmp(word, "--", 2) == 0)
            status = take_long(args, &cursor, word);
        else if (!options_end && word[0] == '-' && word[1])
            status = take_letter(args, &cursor, word);
        else
            args->words[args->n_words++] = word;
        if (status)
            return status;
    }
    return STATUS_OK;
}

void args_free(struct args *args)
{
    free(args->words);
    free(args->options);
}

const struct given_option *args_next(const struct args *args, enum option_id id,
                                     const struct given_option *after)
{
    const struct given_option *end = args->options + args->n_options;
    for (const struct given_option *given = after ? after + 1 : args->options; given < end; given++)
        if (given->id == id)
            return given;
    return NULL;
}

bool args_has(const struct args *args, enum option_id id) { return args_next(args, id, NULL); }

const char *args_value(const struct args *args, enum option_id id)
{
    const struct given_option *last = NULL, *given = NULL;
    while ((given = args_next(args, id, given)))
        last = given;
    return last && last->n ? last->values[0] : NULL;
}

bool args_number(const struct args *args, enum option_id id, uint64_t max, uint64_t fallback,
                 uint64_t *out)
{
    const char *text = args_value(args, id);
    *out = fallback;
    if (!text)
        return true;
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 0);
    if (errno || end == text || *end || text[0] == '-' || *out < 1 || *out > max) {
        say_usage("--%s: %s is not a number from 1 to %llu", option_rows[id].name, text,
                  (unsigned long long)max);
        return false;
    }
    return true;
}
