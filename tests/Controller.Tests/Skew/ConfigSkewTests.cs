using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Pricing;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// The file that an operator writes for the guardrail of a revision. A newer operator writes it anew for revisions that serve, whose
/// guardrail stays the one that they were evaluated with.
/// </summary>
public sealed class ConfigSkewTests
{
    private const string Remedy =
        "The guardrail of a revision that serves stays the one that it was evaluated with, and ignores what it does not know. Where that "
        + "would let pass what a spec forbids, write the field only for revisions whose pinned injection has it: raise Injection.Newest. "
        + WireForm.Remedy;

    // Fields that the operator writes since the newest release. A list entry says that a guardrail without them is as strict.
    private static readonly string[] Added = [];

    // Values that are others since then. A list entry says that each guardrail since the release reads them and is as strict by them.
    private static readonly string[] Changed =
    [
        // Calls wait longer for an operator that does not answer; none of them is sent without money.
        "budget.failoverWait",
    ];

    [Fact]
    public void The_operator_writes_for_pinned_revisions_what_the_release_wrote()
    {
        var written = Written();
        var released = WireForm.Of("guardrail-config").Newest();
        var places = WireForm.Places(released).Select(place => place.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var (field, _, _) in WireForm.Places(written).Where(place => !places.Contains(place.Path)))
            Added.ShouldContain(field, $"{field} is new in the guardrail's configuration. {Remedy}");
        foreach (var (_, parent, name) in WireForm.Places(written).Where(place => Added.Contains(place.Path)).ToList())
            parent.Remove(name);
        foreach (var (_, parent, name) in WireForm.Places(written).Where(place => Changed.Contains(place.Path)).ToList())
            parent.Remove(name);
        foreach (var (_, parent, name) in WireForm.Places(released).Where(place => Changed.Contains(place.Path)).ToList())
            parent.Remove(name);
        JsonNode.DeepEquals(written, released).ShouldBeTrue($"the guardrail's configuration is another:\n{written}\n{Remedy}");
    }

    [Fact]
    public void A_guardrail_reads_what_a_newer_operator_writes_and_goes_by_what_it_knows()
    {
        var released = WireForm.Of("guardrail-config").Newest();
        var plain = Read(released);
        foreach (var fields in WireForm.Objects(released).ToList())
            SkewTests.AddUnknown(fields, first: true);
        var newer = Read(released);
        JsonSerializer.Serialize(newer.Config).ShouldBe(JsonSerializer.Serialize(plain.Config));
        newer.Allows("gpt-5.4-mini").ShouldBeTrue();
        newer.Allows("another").ShouldBeFalse();
        newer.AllowsTool("another").ShouldBeFalse();
        newer.Upstreams.Keys.ShouldBe(["openai"]);
    }

    [Theory]
    [InlineData("format", "\"gRPC\"")]
    [InlineData("url", "\"unix:/socket\"")]
    public void A_value_that_it_does_not_know_is_refused_and_what_was_in_force_stays(string field, string value)
    {
        var released = WireForm.Of("guardrail-config").Newest();
        released["upstreams"]![0]![field] = JsonNode.Parse(value);
        Should.Throw<FormatException>(() => Read(released)).Message.ShouldContain("upstream openai");
    }

    private static GuardrailSettings Read(JsonObject json) =>
        GuardrailSettings.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), PriceCatalog.Load(), TimeProvider.System);

    // An agent that declares everything that reaches its guardrail.
    private static JsonObject Written()
    {
        var cluster = new SimulatedCluster();
        var spec = cluster.Agent.Spec;
        spec.Guardrails = new GuardrailsSpec
        {
            Models = new ModelsSpec { Allow = ["gpt-5.4-mini"], MaxOutputTokens = 2048 },
            Tools = new ToolsSpec { Allow = ["lookup_*"] },
            AllowedOrigins = ["http://localhost:3000"],
            Upstreams =
            [
                new Upstream
                {
                    Name = "openai",
                    Url = "https://provider/v1",
                    Credentials = new UpstreamCredentials
                    {
                        SecretRef = new KeyReference { Name = "secret-key", Key = "api-key" },
                    },
                    CaConfigMapRef = new KeyReference { Name = "authority", Key = "ca.crt" },
                    Proxy = "http://proxy:3128",
                },
            ],
        };
        spec.Reliability = new ReliabilitySpec
        {
            ModelCall = new CallSpec
            {
                Timeout = "50s",
                FirstByteTimeout = "20s",
                EventTimeout = "10s",
                Attempts = 3,
            },
            ToolCall = new ToolCallSpec
            {
                Timeout = "12s",
                FirstByteTimeout = "5s",
                EventTimeout = "30s",
            },
        };
        spec.Budget!.PerCall = new PerCallSpec { MaxCost = "0.10" };
        spec.Budget.PerRun = new PerRunSpec
        {
            MaxCost = "0.50",
            MaxTokens = 200_000,
            MaxSteps = 25,
            MaxToolCalls = 50,
            MaxRepeats = 3,
            MaxDuration = "5m",
        };
        spec.Budget.PerPod = new PerPodSpec { RequestsPerMinute = 60, TokensPerMinute = 100_000 };
        spec.Budget.Attribution = ["customer", "feature"];
        spec.Budget.ClientAttribution = ["customer"];
        spec.Telemetry = new TelemetrySpec { Otlp = new OtlpSpec { Endpoint = "http://collector:4318" } };
        var configMap = ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), Track.Serving);
        return (JsonObject)JsonNode.Parse(configMap["data"]!["config.json"]!.GetValue<string>())!;
    }
}
