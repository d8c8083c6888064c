using AgentReadiness.Controller.Shared;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

/// <summary>The operator's settings: what is wrong is said at the start, with the variable and what to write instead.</summary>
public sealed class OperatorOptionsTests
{
    [Theory]
    [InlineData("[]", "is not an object")]
    [InlineData("{", "is not JSON")]
    [InlineData("""{"limits":{},"limits":{}}""", "is not JSON")]
    [InlineData("""{"claims":[]}""", "\"claims\"")]
    [InlineData("""{"limits":[]}""", "limits")]
    [InlineData("""{"limits":{"memory":"much"}}""", "limits.memory")]
    [InlineData("""{"requests":{"cpu":null}}""", "requests.cpu")]
    [InlineData("""{"requests":{"cpu":"-1"}}""", "requests.cpu")]
    public void Resources_that_are_none_are_refused_by_name(string text, string named) =>
        Should.Throw<FormatException>(() => ContainerResources.Parse(text)).Message.ShouldContain(named);

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("""{"limits":{"memory":"1.5Gi","cpu":2}}""", """{"limits":{"cpu":"2","memory":"1.5Gi"}}""")]
    public void Resources_are_read_as_a_container_has_them(string text, string read) =>
        ContainerResources.Parse(text).ToString().ShouldBe(read);

    [Fact]
    public void No_unlisted_text_passes_as_resources() =>
        Gen.String.Sample(text =>
        {
            try
            {
                var read = ContainerResources.Parse(text);
                ContainerResources.Parse(read.ToString()).ToString().ShouldBe(read.ToString());
            }
            catch (FormatException) { }
        });

    [Theory]
    [InlineData(null, 4, 4)]
    [InlineData("", 4, 4)]
    [InlineData("9", 9, 9)]
    [InlineData("2, agentdeployment=8", 2, 8)]
    [InlineData("agentdeployment=8,2", 2, 8)]
    [InlineData("agentdeployment=100", 4, 100)]
    public void The_number_of_every_kind_and_of_single_ones_is_read(string? text, int every, int agents)
    {
        var controllers = Read(text).Controllers;

        (controllers.For("evalrun"), controllers.For("agentdeployment")).ShouldBe((every, agents));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("-1")]
    [InlineData("many")]
    [InlineData("4;8")]
    [InlineData("4,")]
    [InlineData("=8")]
    [InlineData("agentdeployment=")]
    [InlineData("agentdeployment=0")]
    [InlineData("agentdeployment=8=9")]
    [InlineData("4,agentdeployment")]
    public void A_bad_number_stops_the_operator_with_the_variable_the_part_and_the_remedy(string text)
    {
        var message = Should.Throw<InvalidOperationException>(() => Read(text)).Message;

        message.ShouldContain("environment variable RECONCILE_CONCURRENCY");
        message.ShouldContain($"\"{text.Split(',')[^1]}\"");
        message.ShouldContain("set it to a list such as \"4,agentdeployment=8\"");
    }

    [Fact]
    public void What_authors_may_have_is_read_from_lists()
    {
        var none = Read(null).Authors;
        (none.MarkedSecretsOnly, none.RuntimeClasses.Count, none.PriorityClasses.Count, none.Annotations.Count).ShouldBe((true, 0, 0, 0));
        var authors = Read(
            null,
            ("AUTHOR_ANY_SECRET", "true"),
            ("AUTHOR_RUNTIME_CLASSES", "gvisor"),
            ("AUTHOR_PRIORITY_CLASSES", "high,low"),
            ("AUTHOR_ANNOTATIONS", "linkerd.io/*,a.example/b")
        ).Authors;
        authors.MarkedSecretsOnly.ShouldBeFalse();
        authors.RuntimeClasses.ShouldBe(["gvisor"]);
        authors.PriorityClasses.ShouldBe(["high", "low"]);
        authors.Annotations.ShouldBe(["linkerd.io/*", "a.example/b"]);
    }

    private static OperatorOptions Read(string? concurrency, params (string Name, string Value)[] others) =>
        OperatorOptions.FromEnvironment(name =>
            name switch
            {
                "RECONCILE_CONCURRENCY" => concurrency,
                _ when Array.Find(others, other => other.Name == name).Value is { } value => value,
                "POD_NAMESPACE" => "platform",
                "POD_NAME" => "operator-0",
                "POD_IP" => "10.0.0.1",
                "GUARDRAIL_IMAGE" => "guardrail:1",
                "EVAL_RUNNER_IMAGE" => "runner:1",
                "GRANTS_URL" => "https://grants.platform.svc",
                "GRANTS_SECRET" => "grants-tls",
                _ => null,
            }
        );
}
