/* The tables of commands and options, filled from their lists in command.h. */
#include "command.h"

#include <string.h>

/* clang-format off */
const struct option_row option_rows[OPT_COUNT] = {
#define O(ID, name, letter, value, arity, bits, help) \
    [OPT_##ID] = { name, letter, value, ARITY_##arity, bits, help },
    OPTIONS(O)
#undef O
};

const struct command commands[] = {
#define C(name, symbol, bit, arguments, summary) \
    { name, bit, arguments, summary, details_##symbol, command_##symbol },
    COMMANDS(C)
#undef C
};
/* clang-format on */
const size_t n_commands = sizeof commands / sizeof *commands;

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < n_commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}
