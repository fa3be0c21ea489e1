/* THE list of reports.  DIAG(ID, "stable-name", "text with {arguments} in order").
 * A text says what is wrong and where; tests match names, never texts. */
/* clang-format off */

/* base, api */
DIAG(NOMEM,             "out-of-memory",            "out of memory ({what})")
DIAG(BAD_ARG,           "bad-argument",             "{function}: {what}")
/* clang-format on */
