"""What holds for every command: usage errors, help, the man page, completion."""
import json
import os
import re
import shutil
import subprocess
import unittest

from driver import ROOT, Case, main, validate_json


class Usage(Case):
    def test_no_command_is_an_error(self):
        self.fails(says="skep help")

    def test_an_unknown_command_is_answered_with_the_nearest(self):
        self.fails("disam", says="did you mean disasm?")
        self.fails("xyzzyx", says="see skep help")

    def test_an_unknown_option_is_answered_with_the_nearest(self):
        self.fails("asm", "--hexx", says="did you mean --hex?")
        self.fails("asm", "-q", says="has no option -q")

    def test_an_option_without_its_value_is_an_error(self):
        self.fails("asm", "-", "-o", says="--output needs a value")

    def test_a_flag_takes_no_value(self):
        self.fails("asm", "--hex=1", says="takes no value")

    def test_two_dashes_end_the_options(self):
        self.fails("disasm", "--", "--json", says="--json")

    def test_version_is_printed(self):
        self.assertRegex(self.skep("--version"), r"^skep \d+\.\d+\.\d+\n$")


class Help(Case):
    def commands(self):
        listing = self.skep("help").split("commands\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in listing.splitlines()]

    def test_lists_and_explains_every_command(self):
        self.assertIn("asm", self.commands())
        for command in self.commands():
            self.assertIn(f"skep {command}", self.skep("help", command))
            self.assertEqual(self.skep(command, "--help"), self.skep("help", command))

    def test_every_option_in_help_is_in_the_man_page(self):
        page = self.skep("help", "--man").replace("\\-", "-")
        for command in self.commands():
            for option in re.findall(r"--[a-z-]+", self.skep("help", command)):
                self.assertIn(option, page)

    def test_text_is_not_coloured_into_a_pipe(self):
        self.assertNotIn("\033", self.skep("help", "asm"))

    @unittest.skipUnless(shutil.which("man"), "man is not installed")
    def test_the_man_page_is_well_formed(self):
        page = self.skep("help", "--man")
        result = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", "-"],
                                input=page.encode(), capture_output=True, check=True)
        self.assertEqual(result.stderr.decode(), "")

    def test_the_completion_script_completes_commands_and_options(self):
        script = self.file("skep.bash", self.skep("help", "--completion"))
        lines = f"""source {script}
            COMP_WORDS=(skep dis) COMP_CWORD=1; _skep; echo "${{COMPREPLY[@]}}"
            COMP_WORDS=(skep asm --he) COMP_CWORD=2; _skep; echo "${{COMPREPLY[@]}}" """
        out = subprocess.run(["bash", "-c", lines], capture_output=True, check=True).stdout
        self.assertEqual(out.decode().split(), ["disasm", "--hex"])


    def test_json_has_every_command_and_option(self):
        results = self.json("help")
        self.assertEqual([r["name"] for r in results], self.commands())
        for result in results:
            for option in result["options"]:
                self.assertIn("--" + option["name"], self.skep("help", result["name"]))


class Schemas(Case):
    def test_every_command_has_a_schema_that_the_validator_understands(self):
        for command in Help.commands(self):
            with self.subTest(command):
                path = os.path.join(ROOT, "docs", "schema", command + ".json")
                self.assertIn("$: lacks results", validate_json.validate(path, {}))

    def validate(self, schema, value):
        return validate_json.validate(self.file("schema.json", json.dumps(schema)), value)

    def test_the_validator_sees_violations(self):
        number = {"type": "object", "required": ["a"], "additionalProperties": False,
                  "properties": {"a": {"type": "integer", "minimum": 1}}}
        self.assertEqual(self.validate(number, {"a": 1}), [])
        for wrong in ({}, {"a": "1"}, {"a": True}, {"a": 0}, {"a": 1, "b": 2}, []):
            self.assertNotEqual(self.validate(number, wrong), [], wrong)
        self.assertNotEqual(self.validate({"items": {"pattern": "^0x"}}, ["0x1", "1"]), [])
        self.assertNotEqual(self.validate({"oneOf": [{"const": 1}, {"type": "integer"}]}, 1), [])

    def test_the_validator_refuses_keywords_that_it_does_not_know(self):
        self.assertNotEqual(self.validate({"maxLength": 3}, "four"), [])


if __name__ == "__main__":
    main()
