using System.Diagnostics;
using System.Text.RegularExpressions;
using AgentReadiness.Api;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Tests.Provider;
using Declared = AgentReadiness.Api.Resources.Upstream;
using UpstreamFormat = AgentReadiness.Api.Resources.UpstreamFormat;

namespace AgentReadiness.Guardrail.Tests.JavaScript;

/// <summary>
/// The official JavaScript clients see the same through a guardrail as without it, configured by nothing but the variables that the
/// operator sets.
/// </summary>
public sealed class JavaScriptTests
{
    private static readonly string[] Packages =
    [
        "openai@6.49.0",
        "@anthropic-ai/sdk@1.13.0",
        "@google/genai@2.32.0",
        "ai@6.0.326",
        "@ai-sdk/openai@3.0.141",
        "@ai-sdk/anthropic@3.0.140",
    ];

    private static readonly List<Declared> Upstreams =
    [
        new() { Name = "openai", Format = UpstreamFormat.OpenAI },
        new() { Name = "anthropic", Format = UpstreamFormat.Anthropic },
        new() { Name = "gemini", Format = UpstreamFormat.Gemini },
    ];

    [Fact]
    public async Task Every_client_sees_the_same_with_and_without_a_guardrail()
    {
        await using var direct = await Source.StartAsync(guarded: false);
        await using var guarded = await Source.StartAsync(guarded: true);
        var expected = await ClientsAsync(
            "clients.mjs",
            Upstreams,
            (name, _) =>
                name.EndsWith("_KEY", StringComparison.Ordinal)
                    ? Source.Key
                    : direct.Url + (name.StartsWith("OPENAI", StringComparison.Ordinal) ? "/v1" : "")
        );
        var seen = await ClientsAsync("clients.mjs", Upstreams, (_, value) => At(value, guarded.Reach("/v1").Port));

        expected.Length.ShouldBeGreaterThan(15);
        Same(seen, expected);
        // The failures were the provider's, not those of a client that did not get there.
        expected.Count(line => line.Contains("\"error\"")).ShouldBe(7);
        direct.Witness.Calls.Count.ShouldBe(guarded.Witness.Calls.Count);
        await guarded.SettledAsync();
        guarded.Account!.Totals.Settled.Cost.Amount.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task The_client_for_Azure_sees_the_same_with_and_without_a_guardrail()
    {
        const string host = "shop.openai.azure.com";
        List<Declared> azure =
        [
            new()
            {
                Name = "azure",
                Format = UpstreamFormat.OpenAI,
                Url = $"https://{host}",
            },
        ];
        using var authority = new TestAuthority();
        await using var direct = await Source.StartAsync(guarded: false);
        TestProxy? proxy = null;
        // Azure's own name, by which its prices and its key's header are known, leads through a proxy to the sample provider.
        await using var rig = await Rig.StartAsync(
            (config, port, key) =>
            {
                proxy = new TestProxy(port);
                config.Upstreams =
                [
                    new UpstreamConfig
                    {
                        Name = "azure",
                        Format = "OpenAI",
                        Url = azure[0].Url,
                        KeyFile = key,
                        CaFile = authority.Path,
                        Proxy = proxy.Url,
                    },
                ];
                return config;
            },
            authority.Listen(certificate: authority.Issue(host))
        );
        await using var stopping = proxy!;
        var expected = await ClientsAsync(
            "azure.mjs",
            azure,
            (name, _) => name.EndsWith("_KEY", StringComparison.Ordinal) ? Source.Key : direct.Url
        );
        var seen = await ClientsAsync("azure.mjs", azure, (_, value) => At(value, rig.EgressPort));

        expected.Length.ShouldBe(12);
        Same(seen, expected);
        expected.Count(line => line.Contains("\"error\"")).ShouldBe(3);
        rig.Witness.Last("chat")!.Headers["api-key"].ShouldBe(Rig.Key);
        rig.Witness.Last("chat")!.Target.ShouldBe("/openai/deployments/gpt-5.4-mini/chat/completions?api-version=2025-04-01-preview");
        direct.Witness.Calls.Count.ShouldBe(rig.Witness.Calls.Count);
        while (rig.Account.Totals.Reserved.Cost > Money.Zero)
            await Task.Yield();
        rig.Account.Totals.Settled.Cost.Amount.ShouldBeGreaterThan(0);
    }

    private static string At(string url, int port) => url.Replace($":{GuardrailPorts.Egress}/", $":{port}/", StringComparison.Ordinal);

    private static void Same(string[] seen, string[] expected)
    {
        seen.Zip(expected).Where(pair => pair.First != pair.Second).ShouldBeEmpty();
        seen.Length.ShouldBe(expected.Length);
    }

    private static async Task<string[]> ClientsAsync(string script, List<Declared> upstreams, Func<string, string, string> value)
    {
        var modules = (await RunAsync("bash", [Repository.PathOf("tests", "npm-install.sh"), "clients", .. Packages], [])).Trim();
        var environment = SdkVariables.For(upstreams).ToDictionary(v => v.Key, v => value(v.Key, v.Value));
        var output = await RunAsync("node", [Repository.PathOf("tests", "Guardrail.Tests", "JavaScript", script), modules], environment);
        // Ids are new with each answer.
        return
        [
            .. output
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => Regex.Replace(line, "\"(id|obfuscation)\":\"[^\"]*\"", "\"$1\":\"\"")),
        ];
    }

    private static async Task<string> RunAsync(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in SdkVariables.All)
            start.Environment.Remove(name);
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
