using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests.Formats;

/// <summary>Embeddings are bounded by what they can be billed for: each text of a list has a context window of its own.</summary>
public sealed class EmbeddingTests
{
    private static readonly WireFormat OpenAi = WireFormat.Of("OpenAI")!;
    private static readonly WireFormat Gemini = WireFormat.Of("Gemini")!;

    [Theory]
    [InlineData("\"hi\"", 1)]
    [InlineData("[\"a\",\"b\",\"c\"]", 3)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[[1,2],[3]]", 2)]
    public void Texts_are_counted(string input, int count) =>
        Read(OpenAi, "/v1/embeddings", $$"""{"model":"m","input":{{input}}}""").ShouldNotBeNull().Inputs.ShouldBe(count);

    // A token is at least one byte, and the provider reads each text up to its window.
    [Fact]
    public void No_list_of_texts_costs_more_than_its_bound()
    {
        var prices = PriceCatalog
            .Parse("""{"providers":[{"id":"p","models":[{"id":"m","equals":["m"],"contextWindow":50,"prices":[{"input":"1"}]}]}]}""")
            .Find("p", "m", TimeProvider.System.GetUtcNow())!;
        Gen.Int[0, 120]
            .Array[1, 30]
            .Sample(
                lengths =>
                {
                    var texts = lengths.Select(length => '"' + new string('a', length) + '"');
                    var body = $$"""{"model":"m","input":[{{string.Join(',', texts)}}]}""";
                    var request = Read(OpenAi, "/v1/embeddings", body).ShouldNotBeNull();
                    var billed = prices.Cost(new TokenUsage(lengths.Sum(length => Math.Min(length, 50)), 0, 0, 0))!.Value.Total;
                    prices.UpperBound(request.Bound(body.Length, 0))!.Value.ShouldBeGreaterThanOrEqualTo(billed);
                },
                iter: 5_000
            );
    }

    [Theory]
    [InlineData(":embedContent", """{"content":{"parts":[{"text":"hi"}]}}""", 1)]
    [InlineData(":embedContent", """{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"hi"}]},"task_type":"X"}""", 1)]
    [InlineData(
        ":batchEmbedContents",
        """{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]}},"""
            + """{"content":{"parts":[{"text":"b"}]}}]}""",
        2
    )]
    public void Gemini_embeddings_are_metered(string method, string body, int count)
    {
        var request = Read(Gemini, "/v1beta/models/gemini-embedding-001" + method, body).ShouldNotBeNull();
        (request.Model, request.Inputs, request.NoOutput, request.MediaInput).ShouldBe(("gemini-embedding-001", count, true, false));
    }

    [Theory]
    [InlineData(":embedContent", "{}")]
    [InlineData(":embedContent", """{"content":{"parts":[{"text":"hi"}]},"config":{}}""")]
    [InlineData(":embedContent", """{"model":"models/gemini-embedding-2","content":{"parts":[{"text":"hi"}]}}""")]
    [InlineData(":batchEmbedContents", """{"requests":[{"model":"models/other","content":{"parts":[{"text":"a"}]}}]}""")]
    [InlineData(":batchEmbedContents", """{"requests":[{"content":{"parts":[{"text":"a"}]},"Content":{"parts":[{"text":"b"}]}}]}""")]
    public void What_is_not_listed_is_refused(string method, string body) =>
        Read(Gemini, "/v1beta/models/gemini-embedding-001" + method, body).ShouldBeNull();

    [Fact]
    public void A_batch_that_is_made_later_has_no_price_here() =>
        Gemini.Match("POST", "/v1beta/models/gemini-embedding-001:asyncBatchEmbedContent").Kind.ShouldBe(EndpointKind.Unmetered);

    [Theory]
    [InlineData("https://x.openai.azure.com", "azure")]
    [InlineData("https://x.services.ai.azure.com/models", "azure")]
    [InlineData("https://x.eastus2.models.ai.azure.com", "azure")]
    [InlineData("https://x.cognitiveservices.azure.com/openai/v1", "azure")]
    [InlineData("https://services.ai.azure.com.evil.example", null)]
    public void Hosts_of_Azure_take_their_own_header(string url, string? provider) =>
        PriceCatalog.Load().ProviderOf(new Uri(url)).ShouldBe(provider);

    private static MeteredRequest? Read(WireFormat format, string path, string body)
    {
        var endpoint = format.Match("POST", path);
        endpoint.Kind.ShouldBe(EndpointKind.Metered);
        return format.Read(endpoint, Encoding.UTF8.GetBytes(body), WireFacts.Unknown, out _);
    }
}
