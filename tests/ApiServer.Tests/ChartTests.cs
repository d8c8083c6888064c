using System.Diagnostics;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>What Helm says of a server's version, and what the chart hands to the operator.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class ChartTests(ControlPlane plane)
{
    private static readonly string Chart = Repository.PathOf("charts", "agent-readiness-operator");

    [Fact]
    public async Task A_server_that_is_too_old_is_refused_with_the_range()
    {
        var (code, said) = await HelmAsync("template", "x", Chart, "--kube-version", "1.19.16");

        code.ShouldNotBe(0);
        said.ShouldContain("requires kubeVersion: >=1.20");
        said.ShouldContain("v1.19.16");
    }

    [Theory]
    [InlineData("1.20.0")]
    [InlineData("1.36.4")]
    [InlineData("1.99.0")]
    public async Task The_tested_range_and_newer_servers_are_taken(string version) =>
        (await HelmAsync("template", "x", Chart, "--kube-version", version)).Code.ShouldBe(0);

    [Fact]
    public async Task An_install_on_a_server_that_ignores_rules_says_so()
    {
        var folder = Directory.CreateTempSubdirectory("agent-readiness-chart-").FullName;
        try
        {
            var (code, said) = await HelmAsync(
                "install",
                "x",
                Chart,
                "--dry-run=server",
                "--disable-openapi-validation",
                "--set",
                "crds.enabled=false",
                "--kubeconfig",
                plane.WriteKubeconfig(folder)
            );

            code.ShouldBe(0, said);
            said.ShouldContain("Kubernetes v1.20.2 ignores the CEL rules");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("guardrail.resources.limits.memory=300Mi", "GUARDRAIL_RESOURCES", "300Mi")]
    [InlineData("evals.runnerResources.limits.cpu=2", "EVAL_RUNNER_RESOURCES", "\"2\"")]
    public async Task Resources_reach_the_operator_as_it_reads_them(string value, string variable, string expected)
    {
        var (code, said) = await HelmAsync("template", "x", Chart, "--set", value);

        code.ShouldBe(0, said);
        var lines = said.Split('\n');
        var line = lines[Array.FindIndex(lines, text => text.Contains($"name: {variable}", StringComparison.Ordinal)) + 1];
        // YAML's quoted text is JSON's here.
        var text = JsonSerializer.Deserialize<string>(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..])!;
        ContainerResources.Parse(text).ToString().ShouldContain(expected);
    }

    [Theory]
    [InlineData("authors.annotations={linkerd.io/*,a.example/b}", "AUTHOR_ANNOTATIONS", "linkerd.io/*,a.example/b")]
    [InlineData("authors.runtimeClasses={gvisor}", "AUTHOR_RUNTIME_CLASSES", "gvisor")]
    [InlineData("authors.priorityClasses={high,low}", "AUTHOR_PRIORITY_CLASSES", "high,low")]
    public async Task What_authors_may_have_reaches_the_operator(string value, string variable, string expected)
    {
        var (code, said) = await HelmAsync("template", "x", Chart, "--set", value);

        code.ShouldBe(0, said);
        var lines = said.Split('\n');
        var at = Array.FindIndex(lines, text => text.Contains($"name: {variable}", StringComparison.Ordinal));
        lines[at + 1].Trim().ShouldBe($"value: \"{expected}\"");
    }

    [Theory]
    [InlineData("authors.annotations={*}")]
    [InlineData("authors.annotations={*/x}")]
    [InlineData("authors.annotations={note}")]
    [InlineData("authors.annotations={a.example/x*}")]
    public async Task Annotations_that_would_let_anything_pass_are_refused(string value)
    {
        var (code, said) = await HelmAsync("template", "x", Chart, "--set", value);

        code.ShouldNotBe(0);
        said.ShouldContain("/authors/annotations/0");
    }

    [Theory]
    [InlineData("guardrail.resources.limits.memory=much", "/guardrail/resources/limits/memory")]
    [InlineData("guardrail.resources.claims=x", "claims")]
    public async Task Resources_that_are_none_are_refused_by_name(string value, string named)
    {
        var (code, said) = await HelmAsync("template", "x", Chart, "--set", value);

        code.ShouldNotBe(0);
        said.ShouldContain(named);
    }

    private static async Task<(int Code, string Said)> HelmAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("helm") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var helm = Process.Start(start)!;
        var (output, error) = (helm.StandardOutput.ReadToEndAsync(), helm.StandardError.ReadToEndAsync());
        await helm.WaitForExitAsync();
        return (helm.ExitCode, await output + await error);
    }
}
