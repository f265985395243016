"""Each way by which C# notebooks reach a service, beside one that only looks like it."""

from __future__ import annotations

import pytest

CSHARP_SEEN: dict[str, tuple[str, list[str]]] = {
    "Semantic Kernel's service": (
        "openai",
        [
            '#r "nuget: Microsoft.SemanticKernel"\nusing Microsoft.SemanticKernel.TextToImage;',
            (
                "builder.AddAzureOpenAITextToImage(name, endpoint, key);\n"
                "var draw = builder.Build().GetRequiredService<ITextToImageService>();"
            ),
            'var url = await draw.GenerateImageAsync("a fox", 1024, 1024);',
        ],
    ),
    "Semantic Kernel's newer call": (
        "openai",
        [
            "using Microsoft.SemanticKernel.TextToImage;",
            "var images = await service.GetImageContentsAsync(new TextContent(prompt), settings);",
        ],
    ),
    "the image client, waiting": (
        "openai",
        [
            '#r "nuget: OpenAI"\nusing OpenAI.Images;',
            (
                'ImageClient client = new("dall-e-3", key);\n'
                "GeneratedImage image = client.GenerateImage(prompt, options);"
            ),
        ],
    ),
    "the image client's edit": (
        "openai",
        [
            "using OpenAI.Images;",
            "var edited = await client.GenerateImageEditAsync(path, prompt, options);",
        ],
    ),
    "HttpClient with the address in another cell": (
        "forge-turbo",
        [
            'string address = $"{host}/sdapi/v1/txt2img";',
            "var http = new HttpClient();\nvar reply = await http.PostAsync(address, content);",
        ],
    ),
    "HttpClient with a base address": (
        "comfyui",
        [
            'var comfy = new HttpClient { BaseAddress = new Uri("http://localhost:8188") };',
            'var reply = await comfy.PostAsJsonAsync("/prompt", new { prompt = flow });',
        ],
    ),
    "HttpClient to the cloud": (
        "openai",
        [
            (
                "var http = new HttpClient();\n"
                'await http.PostAsync("https://api.openai.com/v1/images/generations", content);'
            )
        ],
    ),
    "a request that is sent": (
        "openrouter",
        [
            (
                "var order = new HttpRequestMessage(HttpMethod.Post,\n"
                '    "https://openrouter.ai/api/v1/images/generations");\n'
                "await http.SendAsync(order);"
            )
        ],
    ),
}


@pytest.mark.parametrize(("service", "cells"), CSHARP_SEEN.values(), ids=CSHARP_SEEN.keys())
def test_csharp_is_seen(detect, service, cells):
    assert detect(*cells, language="C#").services == [service]


CSHARP_PASSED_OVER = {
    "a drawing of its own": [
        "public static Bitmap GenerateImage(int width) { return new Bitmap(width, width); }",
        "var picture = Painter.GenerateImage(640);",
    ],
    "chat": [
        "using OpenAI.Chat;",
        "var reply = await client.CompleteChatAsync(messages); // GenerateImage",
    ],
    "an address that is never sent to": [
        'string address = $"{host}/sdapi/v1/txt2img";',
        "var http = new HttpClient();\nawait http.PostAsync(other, content);",
    ],
    "a path of that name on an unknown server": [
        'await http.PostAsJsonAsync("/prompt", new { question });'
    ],
    "another cloud": [
        'await http.PostAsync("https://api.example.com/v1/images/generations", content);'
    ],
    "what a help text says": [
        'display("Call client.GenerateImage(prompt) of OpenAI.Images");',
    ],
}


@pytest.mark.parametrize("cells", CSHARP_PASSED_OVER.values(), ids=CSHARP_PASSED_OVER.keys())
def test_csharp_is_passed_over(detect, cells):
    profile = detect(*cells, language="C#")
    assert (profile.type, profile.services) == ("CLASSIC", [])
