/* Classic BPF from expressions and from text. */
#include "classic.h"
#include "command.h"
#include "out.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define CLASSIC_SNAP                                                                               \
    262144 /* what a filter returns for packets that it lets through: tcpdump's                    \
            */
#define CLASSIC_MARK 0xfffff014u /* SKF_AD_OFF + SKF_AD_MARK of <linux/filter.h> */
#define CLASSIC_BLANKS " \t\r\n,"

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct skep_classic_insn), "libpcap's is ours");

/* Filters that libpcap compiles for files read no mark, and load the length into A only. */
static void classic_length_from_mark(struct classic_code *code)
{
    enum { LOAD_LENGTH = BPF_LD | BPF_W | BPF_LEN, LOAD = BPF_LD | BPF_W | BPF_ABS };
    for (size_t i = 0; i < code->n; i++)
        if (code->insns[i].code == LOAD_LENGTH)
            code->insns[i] = (struct skep_classic_insn){ .code = LOAD, .k = CLASSIC_MARK };
}

int classic_compile(const char *expression, int link_type, struct classic_code *out)
{
    struct bpf_program program;
    pcap_t *pcap = need(pcap_open_dead(link_type, CLASSIC_SNAP));
    int status = STATUS_OK;
    if (pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN)) {
        status = say_usage("--filter %s: %s", expression, pcap_geterr(pcap));
    } else {
        out->n = program.bf_len;
        out->insns = need(malloc(out->n * sizeof *out->insns + 1));
        memcpy(out->insns, program.bf_insns, out->n * sizeof *out->insns);
        pcap_freecode(&program);
        classic_length_from_mark(out);
    }
    pcap_close(pcap);
    return status;
}

bool classic_is_text(const char *text, size_t size)
{
    static const char allowed[] = "0123456789" CLASSIC_BLANKS;
    for (size_t i = 0; i < size; i++)
        if (!text[i] || !strchr(allowed, text[i]))
            return false;
    return strspn(text, CLASSIC_BLANKS) < size;
}

/* The next number, at most max.  false: there is none. */
static bool classic_number(const char **text, uint64_t max, uint64_t *out)
{
    char *end;
    *text += strspn(*text, CLASSIC_BLANKS);
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(*text, &end, 10);
    *text = end;
    *out = value;
    return !errno && value <= max;
}

static bool classic_insn(const char **text, struct skep_classic_insn *out)
{
    uint64_t code, jt, jf, k;
    if (!classic_number(text, UINT16_MAX, &code) || !classic_number(text, UINT8_MAX, &jt) ||
        !classic_number(text, UINT8_MAX, &jf) || !classic_number(text, UINT32_MAX, &k))
        return false;
    *out = (struct skep_classic_insn){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, (uint32_t)k };
    return true;
}

int classic_parse(const char *path, const char *text, struct classic_code *out)
{
    uint64_t n;
    if (!classic_number(&text, UINT16_MAX, &n) || n == 0)
        return say_usage("%s: it begins with no number of classic instructions", path);
    struct skep_classic_insn *insns = need(calloc(n, sizeof *insns));
    for (uint64_t i = 0; i < n; i++)
        if (!classic_insn(&text, &insns[i])) {
            free(insns);
            return say_usage("%s: classic instruction %llu of %llu is not four numbers that fit",
                             path, (unsigned long long)i, (unsigned long long)n);
        }
    if (text[strspn(text, CLASSIC_BLANKS)]) {
        free(insns);
        return say_usage("%s: there is more than the %llu classic instructions that it promises",
                         path, (unsigned long long)n);
    }
    *out = (struct classic_code){ insns, n };
    return STATUS_OK;
}

int classic_object(skep_env *env, const char *what, const struct classic_code *code,
                   skep_object **object)
{
    skep_error error = { 0 };
    skep_status status =
        skep_object_from_classic(env, "filter", code->insns, code->n, object, &error);
    return status ? say_error(what, status, &error) : STATUS_OK;
}
