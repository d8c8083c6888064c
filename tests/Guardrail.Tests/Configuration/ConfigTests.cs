using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

public sealed class ConfigTests
{
    private static readonly PriceCatalog Shipped = PriceCatalog.Load();
    private const string Agent = "\"agent\":{\"namespace\":\"n\",\"name\":\"a\",\"revision\":\"r\",\"track\":\"eval\"}";

    [Fact]
    public void What_the_file_leaves_out_has_its_default()
    {
        var settings = Parse("{" + Agent + ",\"budget\":{\"url\":\"https://o:8443\",\"caFile\":\"c\",\"tokenFile\":\"t\"}}");
        (settings.ModelCall.Timeout, settings.DrainTimeout, settings.MaxWait, settings.Config.MaxOutputTokens).ShouldBe(
            (TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2), 4096)
        );
        settings.Upstreams.ShouldBeEmpty();
        settings.Allows("anything").ShouldBeTrue();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{" + Agent + ",\"modelCall\":{\"timeout\":\"soon\"}}")]
    [InlineData("{" + Agent + ",\"maxOutputTokens\":0}")]
    [InlineData("{" + Agent + ",\"modelCall\":{\"attempts\":0}}")]
    [InlineData("{" + Agent + ",\"limits\":{\"maxCost\":\"cheap\"}}")]
    [InlineData("{" + Agent + ",\"limits\":{\"maxDuration\":\"soon\"}}")]
    [InlineData("{" + Agent + ",\"upstreams\":[{\"name\":\"o\",\"format\":\"OpenAI\",\"url\":\"ftp://x\"}]}")]
    [InlineData("{" + Agent + ",\"upstreams\":[{\"name\":\"o\",\"format\":\"Telex\",\"url\":\"http://x\"}]}")]
    [InlineData("{" + Agent + ",\"budget\":{\"url\":\"http://o:8443\",\"caFile\":\"c\",\"tokenFile\":\"t\"}}")]
    public void What_cannot_be_used_is_refused(string json) => Should.Throw<FormatException>(() => Parse(json));

    [Theory]
    [InlineData("claude-haiku-4-5", true)]
    [InlineData("xclaude-haiku-4", false)]
    [InlineData("gpt-5.4-mini", true)]
    [InlineData("gpt-5x4-mini", false)]
    [InlineData("gpt-5.4-mini\nx", false)]
    public void Allowed_models_match_whole_names(string model, bool allowed) =>
        Parse("{" + Agent + ",\"allowedModels\":[\"gpt-5.4-mini\",\"claude-haiku-*\"]}").Allows(model).ShouldBe(allowed);

    [Fact]
    public void A_key_is_read_again_when_its_file_changes()
    {
        var time = new FakeTimeProvider();
        var path = Path.GetTempFileName();
        try
        {
            var key = new ProviderKey(path, time);
            key.Read().ShouldBeNull();
            File.WriteAllText(path, " sk-1\n");
            key.Read().ShouldBeNull();
            time.Advance(TimeSpan.FromSeconds(1));
            key.Read().ShouldBe("sk-1");
            File.WriteAllText(path, "sk 1");
            time.Advance(TimeSpan.FromSeconds(1));
            key.Read().ShouldBeNull();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static GuardrailSettings Parse(string json) =>
        GuardrailSettings.Parse(Encoding.UTF8.GetBytes(json), Shipped, TimeProvider.System);
}
