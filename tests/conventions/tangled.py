"""Builds sources that tangle up whoever follows them: circles, bombs, nests and explosions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.conventions.hostile import INNER, chain

Files = Mapping[str, str]


SHELLS: Mapping[str, Callable[[], Files]] = {
    "make-includes-itself": lambda: {"Makefile": "include Makefile\n" * 50},
    "make-includes-in-a-circle": lambda: {
        "Makefile": "include a.mk\n",
        "a.mk": "include Makefile\n",
    },
    "make-includes-a-lot": lambda: {
        "Makefile": "include m0.mk m0.mk\n",
        **{f"m{n}.mk": f"include m{n + 1}.mk m{n + 1}.mk\n" for n in range(60)},
    },
    "make-includes-a-pipe": lambda: {"Makefile": "include /dev/zero\n-include ../../secret.mk\n"},
    "make-variable-of-itself": lambda: {"Makefile": "A = $(A)$(A)\ntest:\n\tx $(A)\n"},
    "make-variables-double": lambda: {
        "Makefile": "A0 = x\n" + chain(60, "A{m} = $(A{n})$(A{n})\n") + "test: $(A60)\n\tx $(A60)\n"
    },
    "make-appends-double": lambda: {
        "Makefile": "A := x\n" + "A := $(A)$(A)\n" * 60 + "$(A): ; x\n"
    },
    "make-functions-nest": lambda: {
        "Makefile": f"A = {'$(subst a,b,' * 9000}{')' * 9000}\n$(A):\n"
    },
    "make-calls-itself": lambda: {
        "Makefile": "f = $(call f,$(call f,$1))\ntest:\n\tx $(call f,1)\n"
    },
    "make-foreach-explodes": lambda: {
        "Makefile": "L = 1 2 3 4 5 6 7 8 9\ntest:\n\tx "
        + "".join(f"$(foreach v{n},$(L)," for n in range(12))
        + "y"
        + ")" * 12
    },
    "make-eval-explodes": lambda: {
        "Makefile": "define d\n$(eval $(d))$(eval $(d))\nendef\n$(eval $(d))\n"
    },
    "make-needs-in-a-circle": lambda: {"Makefile": "test: lint\n\tx\nlint: test\n\tmake lint\n"},
    "make-needs-a-lot": lambda: {"Makefile": chain(9000, "t{n}: t{m} t{m}\n\tx\n")},
    "make-conditions-nest": lambda: {"Makefile": "ifdef A\n" * 20_000 + "test:\n\tx\n"},
    "make-many-targets": lambda: {
        "Makefile": " ".join(f"t{n}" for n in range(40_000)) + ":\n\tx\n"
    },
    "make-calls-folders": lambda: {
        "Makefile": "test:\n\t$(MAKE) -C a test\n\t$(MAKE) -C a test\n",
        "a/Makefile": "test:\n\t$(MAKE) -C .. test\n\t$(MAKE) -C ../a test\n\t$(MAKE) -C /\n",
    },
    "make-patterns": lambda: {"Makefile": "%" * 5000 + ": %\n\tx\n" + "a%: b%\n\ty $*\n" * 5000},
    "just-imports-itself": lambda: {
        "justfile": "import 'justfile'\nmod a\n",
        "a.just": "mod a 'a.just'\n",
    },
    "just-variables-double": lambda: {
        "justfile": "a0 := 'x'\n" + chain(60, "a{m} := a{n} + a{n}\n") + "test:\n  x {{a60}}\n"
    },
    "just-nests": lambda: {
        "justfile": f"a := {'(' * 9000}'x'{')' * 9000}\ntest:\n  {'{{' * 9000}\n"
    },
    "just-needs-in-a-circle": lambda: {"justfile": "test: test (test 'a') && test\n  just test\n"},
    "just-backticks": lambda: {
        "justfile": "a := `" + "x" * 90_000 + "\ntest:\n  ```" + "y" * 90_000
    },
    "task-includes-itself": lambda: {
        "Taskfile.yml": "version: '3'\nincludes:\n  a: .\n  b: Taskfile.yml\n"
        "  c: {taskfile: ../..}\n"
    },
    "task-calls-in-a-circle": lambda: {
        "Taskfile.yml": "version: '3'\ntasks:\n  test: {deps: [test, lint], cmds: [task: lint]}\n"
        "  lint: {cmds: [task: test, task: test, 'task test']}\n"
    },
    "task-matrix-explodes": lambda: {
        "Taskfile.yml": "version: '3'\ntasks:\n  test:\n    cmds:\n    - for:\n        matrix:\n"
        + "".join(f"          k{n}: [1,2,3,4,5,6,7,8,9]\n" for n in range(12))
        + "      cmd: pytest {{.ITEM.k0}}\n"
    },
    "task-variables-double": lambda: {
        "Taskfile.yml": "version: '3'\nvars:\n  A0: x\n"
        + chain(60, "  A{m}: '{{{{.A{n}}}}}{{{{.A{n}}}}}'\n")
        + "tasks:\n  test: x {{.A60}}\n"
    },
    "tox-refers-to-itself": lambda: {
        "tox.ini": "[testenv]\ncommands = {[testenv]commands}{[testenv]commands}\n"
        "setenv = A={env:A:{env:A}}\n"
    },
    "tox-factors-explode": lambda: {
        "tox.ini": "[tox]\nenvlist = "
        + "-".join(["{a,b,c,d}"] * 40)
        + "\n[testenv:{1-99999}]\ncommands = x\n"
        "[testenv:" + "-".join(["{a,b,c,d}"] * 40) + "]\ncommands = x\n"
    },
    "tox-references-double": lambda: {
        "tox.ini": "[s0]\na = x\n"
        + chain(60, "[s{m}]\na = {{[s{n}]a}}{{[s{n}]a}}\n")
        + "[testenv]\ncommands = {[s60]a}\n"
    },
    "tox-braces-nest": lambda: {
        "tox.ini": f"[testenv]\ncommands = {'{env:A:' * 9000}{'}' * 9000}\n"
    },
    "tox-toml-refers-to-itself": lambda: {
        "tox.toml": "[env_run_base]\ncommands = [{replace='ref', of=['env_run_base', 'commands'], "
        "extend=true}]\n"
    },
    "scripts-start-each-other": lambda: {
        "scripts/test": "#!/bin/sh\n./scripts/lint\n./scripts/lint\n" * 20,
        "scripts/lint": "#!/bin/sh\n./scripts/test\nsh -c './scripts/test'\n" * 20,
    },
    "shell-nests": lambda: {"scripts/test": "#!/bin/sh\n" + "$(" * 20_000 + "if x; then (" * 9000},
    "shell-braces-explode": lambda: {
        "scripts/test": "#!/bin/sh\npytest " + "{a,b,c}" * 40 + " {1..999999999}\n"
    },
    "shell-variables-double": lambda: {
        "scripts/test": "#!/bin/sh\nA0=x\n" + chain(60, "A{m}=$A{n}$A{n}\n") + "pytest $A60\n"
    },
    "shell-heredocs": lambda: {
        "scripts/test": "#!/bin/sh\n" + chain(9000, "cat <<E{n}\n") + "pytest\n"
    },
    "shell-quotes": lambda: {"scripts/test": "#!/bin/sh\npytest '" + "\"'" * 90_000},
    "shell-functions": lambda: {
        "scripts/test": "#!/bin/sh\nf() { f; f; }\ntest() { f; test; }\ntest\n"
    },
}
"""Task files and scripts, by what tangles up in them."""

_MATRIX = "".join(f"        k{n}: [1,2,3,4,5,6,7,8,9]\n" for n in range(12))
CONFIGURED: Mapping[str, Callable[[], Files]] = {
    "tables-call-in-a-circle": lambda: {
        "pyproject.toml": "[tool.poe.tasks]\ntest = ['lint', 'test']\nlint.sequence = ['test', "
        "{ref='lint'}]\nx.expr = '1+' \ny.script = 'a:b(('\n[tool.pdm.scripts]\ntest = {composite="
        "['test', 'lint', 'pdm run test']}\n[tool.taskipy.tasks]\ntest = 'task test && task test'\n"
        "[tool.hatch.envs.default]\ntemplate='default'\n[tool.hatch.envs.default.scripts]\n"
        "test = ['test', 'lint']\nlint = 'test && hatch run test'\n"
    },
    "tables-of-wrong-types": lambda: {
        "pyproject.toml": "".join(
            f"[tool.{name}]\ntasks = 1\nscripts = [1]\nenvs = ['x']\nenv = 2\ntest = {{a = [1]}}\n"
            "ini_options = 3\nworkspace = 'x'\ndependencies = 4\nmembers = {}\nlint = []\n"
            for name in INNER
        )
        + "[project]\nname = []\ndependencies = 'x'\nrequires-python = 3\nscripts = 1\n"
        "[dependency-groups]\na = [{include-group = 'a'}, 1]\nb = 2\n[build-system]\nrequires = 1\n"
    },
    "hatch-matrix-explodes": lambda: {
        "pyproject.toml": "[[tool.hatch.envs.x.matrix]]\n"
        + "".join(f"k{n} = ['1','2','3','4','5','6','7','8']\n" for n in range(12))
        + "[tool.hatch.envs.x.scripts]\ntest = 'pytest {matrix:k1}'\n"
    },
    "groups-include-each-other": lambda: {
        "pyproject.toml": "[dependency-groups]\n"
        + chain(60, "g{n} = [{{include-group='g{m}'}}, {{include-group='g{m}'}}]\n")
        + "[project]\nname='own'\nversion='1'\n[project.optional-dependencies]\n"
        + chain(60, "e{n} = ['own[e{m},e{m}]']\n")
    },
    "members-explode": lambda: {
        "pyproject.toml": f"[tool.uv.workspace]\nmembers = ['{'**/*' * 3000}', '{'**/' * 3000}x', "
        "'../../**', '/', '', '[', '*a' ]\nexclude = ['" + "*a" * 3000 + "b']\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/pyproject.toml": "",
    },
    "requirements-include-each-other": lambda: {
        "requirements.txt": "-r requirements.txt\n-c a.txt\n-r ../../x.txt\n-r /dev/zero\n" * 99,
        "a.txt": "-r requirements.txt\n-r a.txt\n" * 99,
    },
    "ignore-rules-explode": lambda: {
        ".gitignore": "**/" * 3000
        + "a\n"
        + "*a" * 3000
        + "b\n"
        + "a**/**b/**\n[!\n[a-\n\\\n" * 3000,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/a.py": "",
    },
    "hooks-match-for-ever": lambda: {
        ".pre-commit-config.yaml": "files: '^(([a-z]+)+)+$'\nexclude: '(a|aa)+$'\nrepos:\n"
        "- repo: local\n  hooks:\n  - id: x\n    entry: mypy\n    language: system\n"
        "    files: '^(a+)+$'\n    exclude: '(?:(?:a*)*)*b'\n- repo: local\n  hooks:\n"
        "  - {id: y, entry: 'ruff check', language: system, files: '(', types: {a: b}}\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!.py": "",
    },
    "hooks-of-wrong-types": lambda: {
        ".pre-commit-config.yaml": "repos: [1, {repo: [], hooks: 3}, "
        "{repo: local, hooks: [4, {id: []}, "
        "{id: x, entry: {}, args: 5, files: [], stages: 1, language: ~}]}]\nci: []\n"
    },
    "workflows-use-each-other": lambda: {
        ".github/workflows/a.yml": "on: push\njobs:\n"
        + "".join(f"  j{n}: {{uses: ./.github/workflows/b.yml}}\n" for n in range(30)),
        ".github/workflows/b.yml": "on: workflow_call\njobs:\n"
        + "".join(f"  j{n}: {{uses: ./.github/workflows/a.yml}}\n" for n in range(30)),
    },
    "workflow-matrix-explodes": lambda: {
        ".github/workflows/a.yml": "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n"
        + _MATRIX
        + "    steps:\n    - run: pytest ${{ matrix.k1 }}${{ matrix.k2 }} ${{ matrix.k3 }}\n"
    },
    "workflow-expressions-nest": lambda: {
        ".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n    - run: x ${{ "
        + "(" * 40_000
        + " }}\n    - run: ${{ "
        + "format(" * 9000
        + " }}\n    - if: "
        + "!" * 90_000
        + "a\n      run: x\n"
    },
    "workflow-of-wrong-types": lambda: {
        ".github/workflows/a.yml": "on: {push: 1}\nenv: []\ndefaults: [{run: 1}]\n"
        "jobs: {a: 1, b: [], "
        "c: {steps: 3, strategy: 4}, d: {steps: [1, {run: {}}, {uses: []}], strategy: {matrix: "
        "[1, {include: 2}]}, needs: {}, if: [], uses: {}}}\n",
        ".github/workflows/b.yml": "- 1\n",
        ".github/workflows/c.yml": "text\n",
    },
    "actions-use-themselves": lambda: {
        ".github/workflows/a.yml": "on: push\njobs: {a: {steps: [{uses: ./.github/actions/x}]}}\n",
        ".github/actions/x/action.yml": "runs:\n  using: composite\n  steps:\n"
        + "  - uses: ./.github/actions/x\n" * 30,
    },
    "gitlab-extends-itself": lambda: {
        ".gitlab-ci.yml": "include: [.gitlab-ci.yml, {local: /.gitlab-ci.yml}, {local: '**.yml'}]\n"
        "test: {extends: [test, .a], script: !reference [test, script], parallel: {matrix: [{"
        + ", ".join(f"k{n}: [1,2,3,4,5,6,7,8]" for n in range(12))
        + "}]}}\n.a: {extends: .b}\n.b: {extends: [.a, .a], script: [!reference [.b, script]]}\n"
    },
    "azure-templates-explode": lambda: {
        "azure-pipelines.yml": "steps:\n- template: azure-pipelines.yml\n- template: a.yml\n" * 9
        + "- ${{ each x in parameters.y }}:\n  - ${{ if eq(1,1) }}:\n    - script: ${{ x }}\n",
        "a.yml": "parameters: {y: [1,2,3]}\nsteps:\n"
        + "- template: a.yml\n- template: a.yml\n" * 9,
    },
    "circle-commands-explode": lambda: {
        ".circleci/config.yml": "version: 2.1\ncommands:\n  a: {steps: [a, a, b]}\n"
        "  b: {steps: [a, b]}\n"
        "jobs: {t: {steps: [a, b, {run: 'pytest << parameters.x >>'}]}}\nworkflows:\n  w:\n"
        "    jobs:\n    - t:\n        matrix:\n          parameters: {"
        + ", ".join(f"k{n}: [1,2,3,4,5,6,7,8]" for n in range(12))
        + "}\n"
    },
    "json-nests": lambda: {
        "package.json": '{"scripts":' * 60_000,
        "pyrightconfig.json": "[" * 400_000,
    },
    "json-digits": lambda: {"package.json": "1" * 9000, "pyrightconfig.json": '{"a": 1e999}'},
    "scripts-call-themselves": lambda: {
        "package.json": '{"scripts": {"test": "npm test && npm run test", "lint": [], "a": {}}}'
    },
    "instructions-import-themselves": lambda: {
        "CLAUDE.md": "@CLAUDE.md\n@./AGENTS.md @/dev/zero @~/x @../../y\n" * 99,
        "AGENTS.md": "@CLAUDE.md\n" + "`" * 90_000 + "\n" + "```\n" * 9000 + "~~~" * 9000,
        "CONTRIBUTING.md": "<" * 90_000 + "[" * 90_000 + "`pytest` " * 9000 + "    $ make\n" * 9000,
    },
    "migrations-in-a-circle": lambda: {
        "alembic.ini": "[alembic]\nscript_location = %(here)s/%(script_location)s\n",
        **{
            f"migrations/versions/m{n}.py": f"revision = 'r{n}'\n"
            f"down_revision = ('r{(n + 1) % 90}', 'r{n}')\n"
            for n in range(90)
        },
    },
    "commands-of-all-kinds": lambda: {
        "Makefile": "test:\n\tpytest " + "--x=a " * 30_000 + "\nlint:\n\t" + "env " * 30_000 + "x\n"
        "types:\n\t" + "uv run " * 30_000 + "mypy\nfmt:\n\t" + "sh -c 'sh -c \"" * 9000 + "\n"
    },
}
"""Configuration that tangles up whoever follows it."""
