/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads the firewall's rules. */
#include "rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number up to max, and nothing after it. */
static bool rules_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value > max)
        return false;
    *out = value;
    return true;
}

static bool rules_block(struct rules *rules, char *address, const char *unused)
{
    char *slash = strchr(address, '/');
    uint64_t bits;
    (void)unused;
    if (!slash || rules->n_blocked4 == RULES_MAX || rules->n_blocked6 == RULES_MAX)
        return false;
    *slash = '\0';
    struct firewall_prefix4 *four = &rules->blocked4[rules->n_blocked4];
    struct firewall_prefix6 *six = &rules->blocked6[rules->n_blocked6];
    if (inet_pton(AF_INET, address, four->address) == 1 && rules_number(slash + 1, 32, &bits)) {
        four->bits = (uint32_t)bits;
        rules->n_blocked4++;
        return true;
    }
    if (inet_pton(AF_INET6, address, six->address) == 1 && rules_number(slash + 1, 128, &bits)) {
        six->bits = (uint32_t)bits;
        rules->n_blocked6++;
        return true;
    }
    return false;
}

static bool rules_close(struct rules *rules, char *protocol, const char *port)
{
    uint64_t number;
    bool tcp = strcmp(protocol, "tcp") == 0;
    if (rules->n_closed == RULES_MAX || !rules_number(port, UINT16_MAX, &number) ||
        (!tcp && strcmp(protocol, "udp") != 0))
        return false;
    rules->closed[rules->n_closed++] =
        (struct firewall_port){ .number = (uint16_t)number,
                                .protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP };
    return true;
}

static bool rules_limit(struct rules *rules, char *packets, const char *unused)
{
    (void)unused;
    return rules_number(packets, UINT32_MAX, &rules->source_limit);
}

static bool rules_fragments(struct rules *rules, char *what, const char *unused)
{
    (void)unused;
    rules->drop_fragments = strcmp(what, "drop") == 0;
    return rules->drop_fragments || strcmp(what, "accept") == 0;
}

static const struct {
    const char *word;
    bool (*read)(struct rules *rules, char *first, const char *second);
} rules_words[] = {
    { "block", rules_block },
    { "close", rules_close },
    { "limit", rules_limit },
    { "fragments", rules_fragments },
};

static bool rules_line(struct rules *rules, char *line)
{
    line[strcspn(line, "#\n")] = '\0';
    char *rest, *word = strtok_r(line, " \t", &rest);
    if (!word)
        return true;
    char *first = strtok_r(NULL, " \t", &rest), *second = strtok_r(NULL, " \t", &rest);
    for (size_t i = 0; first && i < sizeof rules_words / sizeof rules_words[0]; i++) {
        if (strcmp(word, rules_words[i].word) == 0)
            return rules_words[i].read(rules, first, second ? second : "");
    }
    return false;
}

bool rules_read(const char *path, struct rules *rules)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return false;
    }
    char line[256];
    unsigned number = 0;
    bool good = true;
    *rules = (struct rules){ .drop_fragments = true };
    while (good && fgets(line, sizeof line, file)) {
        number++;
        good = rules_line(rules, line);
    }
    fclose(file);
    if (!good)
        fprintf(stderr, "%s:%u: not a rule\n", path, number);
    return good;
}
