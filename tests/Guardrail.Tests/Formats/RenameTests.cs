using AgentReadiness.Guardrail.Formats;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests.Formats;

/// <summary>A request that was read is for another model: what names the model changes, and nothing else.</summary>
public sealed class RenameTests
{
    private const string Named = """{"messages":[{"role":"user","content":"gpt-5.4"}], "model" : "gpt-5.4" ,"max_tokens":5}""";
    private const string Unnamed = """{"messages":[{"role":"user","content":"hi"}],"max_tokens":5}""";

    [Theory]
    [InlineData("/v1/chat/completions", null, null, "/v1", "/chat/completions", false)]
    [InlineData("/v1/chat/completions", "openai", "azure", "/openai/v1", "/chat/completions", true)]
    [InlineData("/openai/v1/chat/completions", "azure", "openai", "/v1", "/chat/completions", true)]
    [InlineData("/openai/v1/chat/completions", "azure", "azure", "/openai/v1", "/chat/completions", false)]
    [InlineData("/openai/deployments/gpt-5.4/chat/completions", "azure", "azure", "", "/openai/deployments/m%2Fx/chat/completions", false)]
    [InlineData("/openai/deployments/gpt-5.4/chat/completions", "azure", null, "/v1", "/chat/completions", true)]
    [InlineData("/openai/deployments/gpt-5.4/chat/completions", "azure", "openai", "/v1", "/chat/completions", true)]
    public void The_path_is_that_of_the_other_provider(
        string path,
        string? from,
        string? to,
        string version,
        string below,
        bool withoutQuery
    )
    {
        var format = WireFormat.Of("OpenAI")!;
        var endpoint = format.Match("POST", path);
        foreach (var body in (string[])[Named, Unnamed])
        {
            var bytes = Encoding.UTF8.GetBytes(body);
            if (format.Read(endpoint, bytes, WireFacts.Unknown, out _) is not { } request)
            {
                body.ShouldBe(Unnamed, "only a deployment names the model in its path");
                continue;
            }
            var renamed = format.Rename(endpoint, request, "m/x", from, to)!.Value;
            (renamed.Endpoint.Version, renamed.Endpoint.Path, renamed.WithoutQuery).ShouldBe((version, below, withoutQuery));
            (request.Model, request.Deployment).ShouldBe(("m/x", null));
            var isNamed = below == "/chat/completions" || body == Named;
            Sent(request, bytes)
                .ShouldBe(
                    body == Named ? body.Replace(": \"gpt-5.4\"", ": \"m/x\"", StringComparison.Ordinal)
                    : isNamed ? body.Replace("{\"messages\"", "{\"model\":\"m/x\",\"messages\"", StringComparison.Ordinal)
                    : body
                );
        }
    }

    [Theory]
    [InlineData("a:b")]
    [InlineData("..")]
    [InlineData("a b?c")]
    public void A_model_that_geminis_path_cannot_name_is_none(string model)
    {
        var format = WireFormat.Of("Gemini")!;
        var endpoint = format.Match("POST", "/v1beta/models/gemini-2.5-flash:generateContent");
        var request = format.Read(endpoint, """{"contents":[{"parts":[{"text":"a"}]}]}"""u8, WireFacts.Unknown, out _)!;
        format.Rename(endpoint, request, model, null, null).ShouldBeNull();
    }

    [Fact]
    public void Whatever_the_name_is_the_body_says_it_and_is_else_as_it_was() =>
        Gen.String[0, 20]
            .Where(name => !name.Any(char.IsSurrogate))
            .Sample(
                name =>
                {
                    var format = WireFormat.Of("OpenAI")!;
                    var endpoint = format.Match("POST", "/v1/chat/completions");
                    var bytes = Encoding.UTF8.GetBytes(Named);
                    var request = format.Read(endpoint, bytes, WireFacts.Unknown, out _)!;
                    var added = format.Rename(endpoint, request, name, null, null)!.Value.Added;
                    var sent = Sent(request, bytes);
                    ((string?)JsonNode.Parse(sent)!["model"]).ShouldBe(name);
                    sent[..sent.IndexOf("\"model\"", StringComparison.Ordinal)]
                        .ShouldBe(Named[..Named.IndexOf("\"model\"", StringComparison.Ordinal)]);
                    sent.ShouldEndWith(" ,\"max_tokens\":5}");
                    Encoding.UTF8.GetByteCount(sent).ShouldBeLessThanOrEqualTo(bytes.Length + added);
                },
                iter: 500
            );

    private static string Sent(MeteredRequest request, byte[] body)
    {
        var pieces = new AgentReadiness.Guardrail.Upstreams.SplicedContent(body, request.Splices(5), null).Pieces();
        return Encoding.UTF8.GetString([.. pieces.SelectMany(piece => piece.ToArray())]);
    }
}
