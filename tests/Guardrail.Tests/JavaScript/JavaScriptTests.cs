using System.Diagnostics;
using System.Text.RegularExpressions;
using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Guardrail.Tests.Provider;
using AgentReadiness.Testing;
using Shouldly;
using Xunit;
using Declared = AgentReadiness.Api.Resources.Upstream;
using UpstreamFormat = AgentReadiness.Api.Resources.UpstreamFormat;

namespace AgentReadiness.Guardrail.Tests.JavaScript;

/// <summary>The official JavaScript clients see the same through a guardrail as without it, configured by nothing but the variables that the operator sets.</summary>
public sealed class JavaScriptTests
{
    private static readonly string[] Packages =
        ["openai@6.49.0", "@anthropic-ai/sdk@1.13.0", "@google/genai@2.32.0", "ai@6.0.326", "@ai-sdk/openai@3.0.141", "@ai-sdk/anthropic@3.0.140"];

    private static readonly List<Declared> Upstreams =
    [
        new() { Name = "openai", Format = UpstreamFormat.OpenAI }, new() { Name = "anthropic", Format = UpstreamFormat.Anthropic }, new() { Name = "gemini", Format = UpstreamFormat.Gemini },
    ];

    [Fact]
    public async Task Every_client_sees_the_same_with_and_without_a_guardrail()
    {
        var modules = (await RunAsync("bash", [Repository.PathOf("tests", "npm-install.sh"), "clients", .. Packages], [])).Trim();
        await using var direct = await Source.StartAsync(guarded: false);
        await using var guarded = await Source.StartAsync(guarded: true);
        var expected = await ClientsAsync(modules, variable => variable.EndsWith("_KEY", StringComparison.Ordinal) ? Source.Key : direct.Url + (variable.StartsWith("OPENAI", StringComparison.Ordinal) ? "/v1" : ""));
        var set = SdkVariables.For(Upstreams).ToDictionary();
        var seen = await ClientsAsync(modules, variable => set[variable].Replace($":{GuardrailPorts.Egress}/", $":{guarded.Reach("/v1").Port}/", StringComparison.Ordinal));

        expected.Length.ShouldBeGreaterThan(15);
        seen.Zip(expected).Where(pair => pair.First != pair.Second).ShouldBeEmpty();
        seen.Length.ShouldBe(expected.Length);
        // The failures were the provider's, not those of a client that did not get there.
        expected.Count(line => line.Contains("\"error\"")).ShouldBe(7);
        direct.Witness.Calls.Count.ShouldBe(guarded.Witness.Calls.Count);
        await guarded.SettledAsync();
        guarded.Account!.Totals.Settled.Amount.ShouldBeGreaterThan(0);
    }

    private static async Task<string[]> ClientsAsync(string modules, Func<string, string> value)
    {
        var environment = SdkVariables.For(Upstreams).ToDictionary(v => v.Key, v => value(v.Key));
        var output = await RunAsync("node", [Repository.PathOf("tests", "Guardrail.Tests", "JavaScript", "clients.mjs"), modules], environment);
        // Ids are new with each answer.
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Regex.Replace(line, "\"(id|obfuscation)\":\"[^\"]*\"", "\"$1\":\"\""))];
    }

    private static async Task<string> RunAsync(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, text) in environment)
            start.Environment[name] = text;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await error);
        return output;
    }
}
