/* THE list of reports.  DIAG(ID, "stable-name", "text with {arguments} in order").
 * A text says what is wrong and where; tests match names, never texts. */
/* clang-format off */

/* base, api */
DIAG(NOMEM,             "out-of-memory",            "out of memory ({what})")
DIAG(BAD_ARG,           "bad-argument",             "{function}: {what}")

/* elf */
DIAG(ELF_MAGIC,         "elf-bad-magic",            "not an ELF file ({size} bytes)")
DIAG(ELF_CLASS,         "elf-bad-class",            "not a 64-bit ELF file of version 1 (class {class}, byte order {order}, version {version})")
DIAG(ELF_MACHINE,       "elf-wrong-machine",        "the file is for machine {machine}, not {expected}")
DIAG(ELF_TYPE,          "elf-not-relocatable",      "not a relocatable file (type {type})")
DIAG(ELF_HEADERS,       "elf-headers-outside-file", "the section headers ({offset:x}, {count} entries) lie outside the file ({size} bytes) or have another size than 64")
DIAG(ELF_SECTION_RANGE, "elf-section-outside-file", "section {section} (number {index}) at {offset:x}, {size:x} bytes, lies outside the file ({file_size:x} bytes)")
DIAG(ELF_SECTION_OVERLAP, "elf-sections-overlap",   "section {section} (number {index}) at {offset:x}: the sections overlap")
DIAG(ELF_SECTION_NAME,  "elf-bad-section-name",     "section {index}: the name at {offset:x} is outside the string table or too long")
DIAG(ELF_STRTAB,        "elf-bad-string-table",     "section {index}, which should hold the strings of {table}, is no terminated string table")
DIAG(ELF_TABLE,         "elf-bad-table-size",       "section {section}: {size} bytes are not a table of entries of {entry} bytes")
DIAG(ELF_SYMTAB_TWICE,  "elf-two-symbol-tables",    "sections {first} and {second} are both symbol tables")
DIAG(ELF_SYMBOL_NAME,   "elf-bad-symbol-name",      "symbol {index}: the name is outside the string table or too long")
DIAG(ELF_SYMBOL_SECTION, "elf-bad-symbol-section",  "symbol {symbol} (number {index}) is in a section that does not exist")
DIAG(ELF_RELOC_LINK,    "elf-bad-relocation-link",  "section {section}: its symbol table ({link}) or the section it relocates ({info}) does not exist")
DIAG(ELF_RELOC_SYMBOL,  "elf-bad-relocation-symbol", "section {section}, relocation {index}: there is no symbol {symbol}")
DIAG(ELF_RELOC_OFFSET,  "elf-bad-relocation-offset", "section {section}, relocation {index}: {offset:x} lies outside section {target}")

/* btf */
DIAG(BTF_HEADER,        "btf-bad-header",           "the BTF data: {what}")
DIAG(BTF_TYPE,          "btf-bad-type",             "BTF type {id}: {what}")
DIAG(BTF_EXT,           "btf-bad-ext",              "the BTF.ext data, {part}, at {offset:x}: {what}")
/* clang-format on */
