/* THE list of reports.  DIAG(ID, "stable-name", "text with {arguments} in order").
 * A text says what is wrong and where; tests match names, never texts. */
/* clang-format off */

/* base, api */
DIAG(NOMEM,             "out-of-memory",            "out of memory ({what})")
DIAG(BAD_ARG,           "bad-argument",             "{function}: {what}")

/* contract */
DIAG(CONTRACT_HELPER,   "contract-bad-helper",      "helper {helper}: {what}")
DIAG(CONTRACT_HELPER_ARG, "contract-bad-argument",  "helper {helper}, argument {argument}: {what}")
DIAG(CONTRACT_MAP_TYPE, "contract-bad-map-type",    "map type {type}: {what}")
DIAG(CONTRACT_HOOK,     "contract-bad-hook",        "program type {hook}: {what}")
DIAG(CONTRACT_FIELD,    "contract-bad-field",       "program type {hook}, context field {field}: {what}")
DIAG(CONTRACT_TAKEN,    "contract-id-taken",        "{kind} {name}: its id {id} belongs to {owner}")
DIAG(CONTRACT_NAME,     "contract-name-taken",      "{kind} {name}: the name is taken")
DIAG(CONTRACT_REPLACE,  "contract-nothing-to-replace", "helper {name}: there is none of that name with id {id} to be replaced")

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

/* isa */
DIAG(ISA_OPCODE,        "isa-unknown-opcode",       "instruction {slot}: there is no opcode {opcode:x}")
DIAG(ISA_FIELD,         "isa-undefined-field",      "instruction {slot} (opcode {opcode:x}): {field} {value:x} is not defined")
DIAG(ISA_REGISTER,      "isa-bad-register",         "instruction {slot} (opcode {opcode:x}): there is no register r{register}")
DIAG(ISA_FRAME_POINTER, "isa-frame-pointer-written", "instruction {slot} ({name}) writes r10, which is read-only")
DIAG(ISA_HALF,          "isa-half-instruction",     "instruction {slot}: the second slot of a 64-bit immediate is missing or not clean")
DIAG(ISA_EMPTY,         "isa-empty-program",        "the program has {count} instructions")
DIAG(ISA_JUMP_RANGE,    "isa-jump-outside",         "instruction {slot} ({name}): slot {target:x} is outside the program ({count} slots)")
DIAG(ISA_JUMP_MIDDLE,   "isa-jump-into-instruction", "instruction {slot} ({name}): slot {target} is the middle of a 64-bit immediate")
DIAG(ISA_FALLS_OFF,     "isa-falls-off-the-end",    "instruction {slot} ({name}) is the last one, and control goes on after it")
DIAG(ASM_SYNTAX,        "asm-syntax",               "line {line}, column {column}: cannot read this as an instruction: {text}")
DIAG(ASM_RANGE,         "asm-number-range",         "line {line}, column {column}: the number does not fit the field: {text}")
DIAG(ASM_REGISTER,      "asm-bad-register",         "line {line}, column {column}: not a register that this instruction can have here: {text}")
DIAG(ASM_FRAME_POINTER, "asm-frame-pointer-written", "line {line}: {name} would write r10, which is read-only")
DIAG(ASM_LABEL_TWICE,   "asm-label-defined-twice",  "line {line}: label {label} is already defined in line {first}")
DIAG(ASM_LABEL,         "asm-undefined-label",      "line {line}: label {label} is not defined")
DIAG(ASM_LABEL_FAR,     "asm-label-too-far",        "line {line}: label {label} is too far away for the field")
DIAG(ASM_LIMIT,         "asm-too-long",             "line {line}: more than {limit} instructions")

/* ir */
DIAG(CODE_SIZE,         "code-bad-size",            "a program of {slots} slots")
DIAG(CODE_FUNC_ENTRY,   "code-bad-function-entry",  "function {function} begins at slot {slot}, where no instruction begins")
DIAG(CODE_JUMP_LEAVES,  "code-jump-leaves-function", "slot {slot} jumps out of function {function}, to slot {target}")
DIAG(CODE_FALLS_OUT,    "code-falls-out-of-function", "function {function} runs past its end at slot {slot}")
DIAG(CFG_INDIRECT_JUMP, "cfg-indirect-jump",        "slot {slot}: indirect jumps (gotox) are not supported")
DIAG(CFG_UNREACHABLE,   "cfg-unreachable-code",     "slot {slot} can never be reached")

/* lower */
DIAG(LOWER_OP,          "lower-unsupported-instruction", "slot {slot}: {instruction} is not supported")
DIAG(LOWER_NO_MAP,      "lower-no-such-map",        "slot {slot}: the program has no map {map}")
DIAG(LOWER_MAP_VALUE,   "lower-bad-value-address",  "slot {slot}: map {map} has no value whose byte {offset} could be addressed")
DIAG(LOWER_NO_HELPER,   "lower-no-such-helper",     "slot {slot}: there is no helper {helper}")
DIAG(LOWER_HELPER_CONTRACT, "lower-helper-not-implemented", "slot {slot}: helper {helper} is known but cannot be run here")
DIAG(LOWER_CTX_ACCESS,  "lower-bad-context-access", "slot {slot}: {instruction} of {bytes} bytes at offset {offset:x} of the context: {hook} programs may not do that")
DIAG(LOWER_MAYBE_CTX,   "lower-mixed-context-pointer", "slot {slot}: the address is the context on one path and something else on another, or was moved by a variable")

/* load */
DIAG(LOAD_SECTION_SIZE, "load-bad-section-size",    "section {section}: {size} bytes, where {expected} are expected, or a multiple, or the limit")
DIAG(LOAD_CODE_SIZE,    "load-bad-code-size",       "section {section}: {size} bytes are no whole number of instructions, or too many")
DIAG(LOAD_RELOC_TYPE,   "load-bad-relocation",      "section {section}: a relocation of {offset:x}, type {type}, is of an unknown type or does not fit what it relocates")
DIAG(LOAD_SYMBOL_OFFSET, "load-bad-symbol-offset",  "symbol {symbol} at {offset:x} lies outside section {section} or between instructions")
DIAG(LOAD_RECORD,       "load-bad-record",          "a {kind} record of section {section} is for {offset:x}, which is no instruction")
DIAG(LOAD_MAP,          "load-bad-map",             "section {section}, map {map}: {what}")
DIAG(LOAD_MAP_FIELD,    "load-unknown-map-field",   "section {section}, map {map}: unknown field {field}")
DIAG(LOAD_NO_TYPES,     "load-no-types",            "section {section} says nothing without type information (.BTF)")
DIAG(LOAD_KCONFIG,      "load-bad-kconfig",         "configuration value {name} = {value}: {what}")
DIAG(LOAD_NOT_FOUND,    "load-not-found",           "there is no {kind} {name}")
DIAG(LOAD_VARIABLE_SIZE, "load-bad-variable-size",  "variable {name} has {size} bytes, not {given}")
DIAG(LOAD_LINK,         "load-bad-link",            "program {program}: {what}")
DIAG(LOAD_CALL_TARGET,  "load-bad-call-target",     "program {program}: the instruction at {section}+{offset:x} refers to no function, or lies across the end of one")
DIAG(LOAD_REFERENCE,    "load-bad-reference",       "program {program}: the instruction at {section}+{offset:x} refers to {symbol} ({target:x}), which is no map, data or code")
DIAG(LOAD_EXTERN,       "load-missing-extern",      "program {program}: the {kind} {name} does not exist here")
/* clang-format on */
