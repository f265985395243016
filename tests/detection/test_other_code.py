"""C# and shell lines: comments and texts are told from code."""

from __future__ import annotations

import pytest

SEMANTIC_KERNEL = """
#r "nuget: Microsoft.SemanticKernel"
using Microsoft.SemanticKernel.TextToImage;
var kernel = builder.AddOpenAITextToImage(key).Build();
var painter = kernel.GetRequiredService<ITextToImageService>();
var url = await painter.GenerateImageAsync("a fox", 1024, 1024);
"""
AZURE = "var pictures = await client.GetImageGenerationsAsync(new ImageGenerationOptions());"
HTTP = """
var http = new HttpClient();
var reply = await http.PostAsync("http://localhost:7860/sdapi/v1/txt2img", content);
"""


@pytest.mark.parametrize(
    ("cell", "service", "line"),
    [(SEMANTIC_KERNEL, "openai", 6), (AZURE, "openai", 1), (HTTP, "forge-turbo", 3)],
)
def test_csharp_that_sends_image_work_is_seen(detect, cell, service, line):
    profile = detect(cell, language="C#")
    assert profile.services == [service]
    assert profile.evidence[0].line == line


def test_csharp_without_a_kernel_named_is_seen(detect):
    assert detect("using Azure;\n" + AZURE, language="").services == ["openai"]


def test_a_csharp_cell_beside_python_is_told_by_its_first_line(detect):
    assert detect("#!csharp\n" + AZURE, language=".net-csharp").services == ["openai"]


@pytest.mark.parametrize(
    "cell",
    [
        "// await client.GetImageGenerationsAsync(options);",
        "/* await client.GetImageGenerationsAsync(options);\n */ var x = 1;",
        'var help = "GetImageGenerationsAsync(options)";',
        'var help = @"say ""GetImageGenerationsAsync("" now";',
        'var help = """\n GetImageGenerationsAsync(options)\n""";',
        'var url = "http://localhost:7860/sdapi/v1/txt2img"; // PostAsync',
        "builder.AddOpenAITextToImage(key); // GenerateImageAsync",
    ],
)
def test_csharp_comments_texts_and_unused_clients_are_nothing(detect, cell):
    assert detect(cell, language="C#").type == "CLASSIC"


def test_a_cell_tagged_csharp_that_is_python_is_read_as_python(detect):
    cell = {
        "cell_type": "code",
        "metadata": {"dotnet_interactive": {"language": "csharp"}},
        "source": "from openai import OpenAI\nOpenAI().images.generate(prompt='x')",
    }
    assert detect(cell, language="python3").services == ["openai"]


def test_a_shell_cell_that_posts_by_curl_is_seen(detect):
    cell = (
        "%%bash\ncurl -X POST http://localhost:7860/sdapi/v1/txt2img \\\n"
        "  -H 'Content-Type: application/json' -d '{}'"
    )
    assert detect(cell).services == ["forge-turbo"]
