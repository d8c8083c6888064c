using AgentReadiness.Api.Resources;

namespace AgentReadiness.Api.Tests;

public sealed class SdkVariablesTests
{
    [Fact]
    public void The_first_upstream_of_a_format_is_the_sdks_and_tools_have_none()
    {
        var set = SdkVariables
            .For([
                new Upstream
                {
                    Name = "mail",
                    Format = UpstreamFormat.MCP,
                    Url = "http://mail/mcp",
                },
                new Upstream
                {
                    Name = "first",
                    Format = UpstreamFormat.OpenAI,
                    Url = "https://api.openai.com/v1",
                },
                new Upstream
                {
                    Name = "second",
                    Format = UpstreamFormat.OpenAI,
                    Url = "https://other.test/v1",
                },
                new Upstream
                {
                    Name = "claude",
                    Format = UpstreamFormat.Anthropic,
                    Url = "https://api.anthropic.com",
                },
            ])
            .ToDictionary();
        set["OPENAI_BASE_URL"].ShouldBe("http://127.0.0.1:15080/first/v1");
        set["ANTHROPIC_BASE_URL"].ShouldBe("http://127.0.0.1:15080/claude");
        set["ANTHROPIC_API_KEY"].ShouldBe(SdkVariables.PlaceholderKey);
        set.Keys.ShouldBeSubsetOf(SdkVariables.All);
        set.Keys.ShouldNotContain("GEMINI_API_KEY");
    }

    [Fact]
    public void An_azure_host_has_variables_of_its_own()
    {
        var set = SdkVariables
            .For([
                new Upstream
                {
                    Name = "az",
                    Format = UpstreamFormat.OpenAI,
                    Url = "https://corp.openai.azure.com",
                },
            ])
            .ToDictionary();
        set.ShouldBe(
            new Dictionary<string, string>
            {
                ["AZURE_OPENAI_ENDPOINT"] = "http://127.0.0.1:15080/az",
                ["AZURE_OPENAI_API_KEY"] = SdkVariables.PlaceholderKey,
            },
            ignoreOrder: true
        );
    }
}
