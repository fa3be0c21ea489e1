/* skep help: what the tables say, as text, as the man page, as a completion script.
 *
 * A command's details are paragraphs separated by empty lines; a line that begins with a blank is
 * shown as it is, and one that ends with a colon and follows an empty line in capitals is a heading
 * of the man page. */
#include "command.h"
#include "out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char details_help[] = "Without a command: the list of commands.\n";

/* ---- text ---------------------------------------------------------------------------------- */

static char *option_spelling(const struct option_row *row)
{
    char letter[] = { '-', row->letter, ',', ' ', 0 };
    bool spaced = row->value && row->value[0] != '[';
    return format_new("%s--%s%s%s", row->letter ? letter : "    ", row->name, spaced ? " " : "",
                      row->value ? row->value : "");
}

static void print_options(const struct command *command)
{
    static const char *const headers[] = { "options", "" };
    struct table *table = table_new(2, headers);
    for (size_t i = 0; i < OPT_COUNT; i++) {
        if (!(option_rows[i].commands & command->bit))
            continue;
        char *spelling = option_spelling(&option_rows[i]);
        table_cell_f(table, "  %s", spelling);
        table_cell(table, option_rows[i].help);
        free(spelling);
    }
    table_print(table, "");
}

static void help_command(const struct command *command)
{
    printf("skep %s %s\n    %s\n\n", command->name, command->arguments, command->summary);
    print_options(command);
    putchar('\n');
    fputs(command->details, stdout);
}

static void help_all(void)
{
    static const char *const headers[] = { "commands", "", "" };
    printf("skep %s: run and inspect BPF programs, without a kernel\n\n", skep_version());
    struct table *table = table_new(3, headers);
    for (size_t i = 0; i < n_commands; i++) {
        table_cell_f(table, "  %s", commands[i].name);
        table_cell(table, commands[i].arguments);
        table_cell(table, commands[i].summary);
    }
    table_print(table, "");
    puts("\nskep help COMMAND explains one; skep --version says which version this is.\n"
         "Exit status: 0 all right, 1 the answer is no, 2 usage or bad input.");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *option_json(const struct option_row *row)
{
    const char letter[] = { row->letter, 0 };
    json_t *out = need(json_object());
    set(out, "name", json_text(row->name));
    set(out, "letter", row->letter ? json_text(letter) : json_null());
    set(out, "value", row->value ? json_text(row->value) : json_null());
    set(out, "help", json_text(row->help));
    return out;
}

static json_t *command_json(const struct command *command)
{
    json_t *out = need(json_object()), *options = need(json_array());
    for (size_t i = 0; i < OPT_COUNT; i++)
        if (option_rows[i].commands & command->bit)
            append(options, option_json(&option_rows[i]));
    set(out, "name", json_text(command->name));
    set(out, "arguments", json_text(command->arguments));
    set(out, "summary", json_text(command->summary));
    set(out, "details", json_text(command->details));
    set(out, "options", options);
    return out;
}

/* One command, or all of them. */
static void help_document(const struct command *only)
{
    json_t *results = need(json_array());
    for (size_t i = 0; i < n_commands; i++)
        if (!only || only == &commands[i])
            append(results, command_json(&commands[i]));
    print_document("help", results);
}

/* ---- the man page (man(7)) ----------------------------------------------------------------- */

static void man_text(const char *text, size_t length)
{
    if (length && (text[0] == '.' || text[0] == '\''))
        fputs("\\&", stdout);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '-')
            fputs("\\-", stdout);
        else if (text[i] == '\\')
            fputs("\\e", stdout);
        else
            putchar(text[i]);
    }
}

static void man_string(const char *text) { man_text(text, strlen(text)); }

static void man_details(const char *details)
{
    bool literal = false;
    while (*details) {
        size_t length = strcspn(details, "\n");
        bool indented = details[0] == ' ';
        if (indented != literal)
            puts(indented ? ".PP\n.nf" : ".fi");
        literal = indented;
        if (length == 0)
            fputs(".PP", stdout);
        man_text(details, length);
        putchar('\n');
        details += length + (details[length] == '\n');
    }
    if (literal)
        puts(".fi");
}

static void man_option(const struct option_row *row)
{
    fputs(".TP\n", stdout);
    if (row->letter)
        printf("\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", stdout);
    man_string(row->name);
    fputs("\\fR", stdout);
    if (row->value) {
        fputs(" \\fI", stdout);
        man_string(row->value);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    man_string(row->help);
    putchar('\n');
}

static void man_command(const struct command *command)
{
    fputs(".SS skep ", stdout);
    man_string(command->name);
    fputs(" ", stdout);
    man_string(command->arguments);
    printf("\n");
    man_string(command->summary);
    puts(".");
    for (size_t i = 0; i < OPT_COUNT; i++)
        if (option_rows[i].commands & command->bit)
            man_option(&option_rows[i]);
    puts(".PP");
    man_details(command->details);
}

static void man_page(void)
{
    printf(".TH SKEP 1 \"\" \"skep %s\" \"User Commands\"\n"
           ".SH NAME\nskep \\- run and inspect BPF programs, without a kernel\n"
           ".SH SYNOPSIS\n.B skep\n.I command\n[options] [arguments]\n"
           ".SH COMMANDS\n",
           skep_version());
    for (size_t i = 0; i < n_commands; i++)
        man_command(&commands[i]);
    puts(".SH EXIT STATUS\n0: all right.  1: the answer is no (a program was refused or stopped, "
         "results differ).\n2: usage or bad input.  Each failure is explained by one line on "
         "standard error.\n"
         ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nwhen set, no colours.\n"
         ".TP\n.B CLANG\nthe compiler to use for C files.\n"
         ".SH SEE ALSO\nRFC 9669, bpf(2), bpf\\-helpers(7), pcap\\-filter(7)");
}

/* ---- completion ---------------------------------------------------------------------------- */

static void completion_command(const struct command *command)
{
    printf("    %s) options=\"", command->name);
    for (size_t i = 0; i < OPT_COUNT; i++)
        if (option_rows[i].commands & command->bit)
            printf("--%s ", option_rows[i].name);
    puts("\" ;;");
}

static void completion(void)
{
    puts("# bash completion for skep\n_skep()\n{\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} options=\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W \"", stdout);
    for (size_t i = 0; i < n_commands; i++)
        printf("%s ", commands[i].name);
    puts("--version\" -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in");
    for (size_t i = 0; i < n_commands; i++)
        completion_command(&commands[i]);
    puts("    esac\n"
         "    case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "    esac\n}\ncomplete -o filenames -F _skep skep");
}

int command_help(const struct args *args)
{
    const struct command *command = args->n_words ? command_find(args->words[0]) : NULL;
    if (args->n_words && !command)
        return say_usage("there is no command %s; see skep help", args->words[0]);
    if (args_has(args, OPT_MAN))
        man_page();
    else if (args_has(args, OPT_COMPLETION))
        completion();
    else if (args_has(args, OPT_JSON))
        help_document(command);
    else if (command)
        help_command(command);
    else
        help_all();
    return STATUS_OK;
}
