using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>What is sent is what was matched: paths are judged and sent as they came, and what is not listed does not pass.</summary>
public sealed class RequestTargetTests
{
    private static readonly string[] Pieces =
    [
        "/",
        "//",
        "v1",
        "v1beta",
        "chat",
        "completions",
        "models",
        "responses",
        "messages",
        "gpt-4o",
        "..",
        ".",
        "%2e",
        "%2E%2e",
        "%252e",
        "%2F",
        "%5C",
        "\\",
        "%3F",
        "%23",
        "%00",
        ":generateContent",
        "moderations",
        "files",
        "openai",
        "deployments",
        "embeddings",
        ";",
        "%",
        "a",
        "~",
        "%41",
    ];

    private static readonly string[] Methods = ["GET", "POST", "DELETE", "PUT", "TRACE", "CONNECT", "OPTIONS", "get"];

    [Theory]
    [InlineData("OpenAI", "POST", "/v1%5Cchat%5Ccompletions%3F/moderations")]
    [InlineData("OpenAI", "GET", "/v1/models/%252e%252e/files")]
    [InlineData("OpenAI", "GET", "/v1/models/%2e%2e/files")]
    [InlineData("OpenAI", "GET", "/v1/models/a%2F..%2F..%2Ffiles")]
    [InlineData("OpenAI", "GET", "/v1/models//x")]
    [InlineData("OpenAI", "POST", "/v1x!/chat/completions")]
    [InlineData("OpenAI", "DELETE", "/v1/models/gpt-4o")]
    [InlineData("Gemini", "GET", "/v1beta/models/g:generateContent")]
    [InlineData("Gemini", "POST", "/v1beta/models/a/b:generateContent")]
    [InlineData("Anthropic", "POST", "/v1/messages/batches")]
    [InlineData("HTTP", "TRACE", "/x")]
    [InlineData("HTTP", "GET", "/a/../../b")]
    [InlineData("HTTP", "GET", "/%2e%2e/b")]
    [InlineData("HTTP", "GET", "/%25252e%25252e/b")]
    [InlineData("HTTP", "GET", "/..%5Cb")]
    [InlineData("HTTP", "GET", "/..;x/b")]
    public void What_would_be_another_path_at_the_upstream_does_not_pass(string format, string method, string path) =>
        WireFormat.Of(format)!.Match(method, path).Kind.ShouldBe(EndpointKind.Unmetered);

    [Theory]
    [InlineData("OpenAI", "GET", "/v1/models/meta-llama/Llama-3", EndpointKind.Free)]
    [InlineData("OpenAI", "GET", "/v1/models/meta-llama%2FLlama-3", EndpointKind.Free)]
    [InlineData("OpenAI", "GET", "/v1/models/ft%3Agpt-4o", EndpointKind.Free)]
    [InlineData("HTTP", "GET", "/what%3F.txt", EndpointKind.Tool)]
    [InlineData("HTTP", "GET", "/a%5Cb", EndpointKind.Tool)]
    [InlineData("HTTP", "GET", "/main...feature", EndpointKind.Tool)]
    [InlineData("HTTP", "GET", "/a/../b", EndpointKind.Tool)]
    public void Legal_paths_pass_as_they_are(string format, string method, string path, object kind)
    {
        var endpoint = WireFormat.Of(format)!.Match(method, path);
        endpoint.Kind.ShouldBe((EndpointKind)kind);
        path.ShouldEndWith(endpoint.Path);
    }

    [Theory]
    [InlineData("OpenAI", "https://api.example.com", 4000)]
    [InlineData("OpenAI", "https://api.example.com/v1", 4000)]
    [InlineData("Gemini", "https://api.example.com", 4000)]
    [InlineData("Anthropic", "https://api.example.com", 4000)]
    [InlineData("HTTP", "http://tool.example.com/base", 4000)]
    [InlineData("MCP", "http://tool.example.com/mcp/", 1000)]
    public void For_any_target_the_upstream_gets_the_path_that_was_matched_or_nothing(string format, string url, int inputs)
    {
        using var upstream = new Upstream(
            new UpstreamConfig
            {
                Name = "x",
                Format = format,
                Url = url,
            },
            TimeProvider.System
        );
        var target = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 9].Select(pieces => "/" + string.Concat(pieces));
        Gen.Select(target, Gen.Int[0, Methods.Length - 1].Select(i => Methods[i]))
            .Sample(
                (raw, method) =>
                {
                    if (RequestTarget.Read(raw) is not { } read)
                        return;
                    var endpoint = upstream.Format.Match(method, read.Path);
                    if (endpoint.Kind == EndpointKind.Unmetered)
                        return;
                    var sent = upstream.Target(endpoint, read.Query).PathAndQuery;
                    var (path, query) = sent.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at
                        ? (sent[..at], sent[at..])
                        : (sent, "");
                    query.ShouldBe(read.Query);
                    path.ShouldEndWith(endpoint.Path);
                    if (upstream.Format.IsTool)
                    {
                        PathSegments.LeavesBase(endpoint.Path).ShouldBeFalse();
                        path.ShouldStartWith(new Uri(url).AbsolutePath.TrimEnd('/'));
                    }
                    else
                    {
                        // On a metered format no segment decodes to a dot segment, a backslash or a question mark.
                        foreach (var segment in Uri.UnescapeDataString(path).Split('/').Skip(1))
                            segment.ShouldNotBeOneOf("", ".", "..");
                        Uri.UnescapeDataString(path).IndexOfAny(['\\', '?', '#', '%']).ShouldBe(-1);
                    }
                },
                iter: inputs
            );
    }

    [Theory]
    [InlineData("http://host/x")]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("/a b")]
    [InlineData("/a#b")]
    [InlineData("/café")]
    public void What_is_no_path_in_ascii_is_no_target(string raw) => RequestTarget.Read(raw).ShouldBeNull();
}
