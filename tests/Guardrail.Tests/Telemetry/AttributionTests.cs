using System.ClientModel.Primitives;
using System.Net.Http.Headers;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Telemetry;
using OpenAI.Chat;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>What an agent tags its calls with, from the real client's request to metrics and log.</summary>
public sealed class AttributionTests
{
    private const string Tagged = "agentreadiness_attributed_cost_usd_total{dimension=\"customer\",value=\"initech\"}";

    [Fact]
    public async Task The_OpenAI_client_tags_a_call_and_the_provider_does_not_see_it()
    {
        await using var rig = await Rig.StartAsync(With("feature", "customer"));
        var options = new RequestOptions();
        options.AddHeader("X-Agent-Tag-Customer", "initech");
        await rig.Client().CompleteChatAsync(System.ClientModel.BinaryContent.Create(BinaryData.FromString(Rig.Body("hello"))), options);
        await rig.Client().CompleteChatAsync(new UserChatMessage("hello"));
        await rig.CallsAsync(2);

        rig.Witness.Last("chat")!.Headers.Keys.ShouldNotContain(name => name.StartsWith("X-Agent-Tag", StringComparison.OrdinalIgnoreCase));
        var half = (double)rig.Billed(completed: true).Amount / 2;
        var metrics = await MetricsAsync(rig);
        Value(metrics, Tagged).ShouldBe(half, 1e-12);
        Value(metrics, "agentreadiness_attributed_cost_usd_total{dimension=\"customer\",value=\"(none)\"}").ShouldBe(half, 1e-12);
        Value(metrics, "agentreadiness_attributed_calls_total{dimension=\"feature\",value=\"(none)\"}").ShouldBe(2);
        Value(metrics, "agentreadiness_guardrail_info{namespace=\"shop\",agent=\"support\",revision=\"abc123\",track=\"serving\"}")
            .ShouldBe(1);
        Value(metrics, "agentreadiness_model_call_cost_usd_count").ShouldBe(2);
    }

    [Fact]
    public async Task No_tag_and_no_baggage_reaches_the_provider_in_whatever_case()
    {
        await using var rig = await Rig.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{rig.BaseUrl}/chat/completions")
        {
            Content = new StringContent(Rig.Body("hello"), null, "application/json"),
        };
        request.Headers.Add("x-AGENT-tag-anything", "initech");
        request.Headers.Add("Baggage", "customer=initech");
        (await rig.Http.SendAsync(request)).EnsureSuccessStatusCode();
        await rig.CallsAsync(1);
        rig.Witness.Last("chat")!
            .Headers.Keys.ShouldNotContain(name =>
                name.Contains("tag", StringComparison.OrdinalIgnoreCase) || name.Equals("baggage", StringComparison.OrdinalIgnoreCase)
            );
    }

    [Fact]
    public async Task A_call_counts_for_what_its_run_was_tagged_with_and_both_histograms_name_the_run()
    {
        await using var rig = await Rig.StartAsync(With("customer"));
        await rig.StartAgentAsync("be brief");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.InboundPort}/v1/chat/completions")
        {
            Content = new StringContent(Rig.Body("hello"), null, "application/json"),
        };
        request.Headers.Add("baggage", "customer=initech");
        var answer = await rig.Http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        var run = answer.Headers.GetValues("X-Agent-Run-Id").Single();
        await rig.Log.UntilAsync("run ended", 1);

        Value(await MetricsAsync(rig), Tagged).ShouldBe((double)rig.Billed(completed: true).Amount, 1e-12);
        var open = (await MetricsAsync(rig, "application/openmetrics-text")).Split('\n');
        foreach (var name in new[] { "agentreadiness_model_call_cost_usd_bucket", "agentreadiness_run_cost_usd_bucket" })
            open.ShouldContain(line =>
                line.StartsWith(name, StringComparison.Ordinal) && line.Contains($"# {{run_id=\"{run}\"}}", StringComparison.Ordinal)
            );
        open.ShouldContain("# EOF");
    }

    [Theory]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", true)]
    [InlineData("application/openmetrics-text;q=0.2,text/plain;q=0.3", false)]
    [InlineData("application/openmetrics-text;q=0", false)]
    [InlineData("text/plain", false)]
    [InlineData("*/*", false)]
    [InlineData("nonsense", false)]
    public async Task Who_asks_for_OpenMetrics_gets_it(string accept, bool expected)
    {
        await using var rig = await Rig.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{rig.AdminPort}/metrics");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var answer = await rig.Http.SendAsync(request);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe(expected ? "application/openmetrics-text" : "text/plain");
    }

    [Fact]
    public async Task Beyond_a_hundred_values_of_a_tag_the_rest_is_one()
    {
        var metrics = new GuardrailMetrics(
            new GuardrailIdentity
            {
                Namespace = "shop",
                Name = "support",
                Revision = "abc123",
                Track = "serving",
            }
        );
        using var run = new Run("r", null, TimeProvider.System);
        var names = new TagNames(["customer"]);
        for (var i = 0; i < 150; i++)
        {
            var headers = new Microsoft.AspNetCore.Http.HeaderDictionary { ["X-Agent-Tag-Customer"] = $"c{i % 120}" };
            metrics.Booked(run, Tags.Read(names, headers, Tags.Empty), new Money(1));
        }
        using var buffer = new MemoryStream();
        await metrics.WriteAsync(buffer, openMetrics: false, default, 0, 0, CancellationToken.None);
        var text = System.Text.Encoding.UTF8.GetString(buffer.ToArray());
        text.Split('\n')
            .Count(line => line.StartsWith("agentreadiness_attributed_cost_usd_total{", StringComparison.Ordinal))
            .ShouldBe(101);
        Value(text, "agentreadiness_attributed_cost_usd_total{dimension=\"customer\",value=\"c5\"}").ShouldBe(2);
        Value(text, "agentreadiness_attributed_cost_usd_total{dimension=\"customer\",value=\"(other)\"}").ShouldBe(20);
    }

    private static Func<GuardrailConfig, GuardrailConfig> With(params string[] tags) =>
        config =>
        {
            config.Attribution = tags;
            config.ClientAttribution = tags;
            return config;
        };

    private static async Task<string> MetricsAsync(Rig rig, string accept = "text/plain")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{rig.AdminPort}/metrics");
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        return await (await rig.Http.SendAsync(request)).Content.ReadAsStringAsync();
    }

    private static double Value(string metrics, string series) =>
        double.Parse(
            metrics.Split('\n').Single(line => line.StartsWith(series + " ", StringComparison.Ordinal))[(series.Length + 1)..],
            System.Globalization.CultureInfo.InvariantCulture
        );
}
