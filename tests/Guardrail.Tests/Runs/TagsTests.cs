using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Runs;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace AgentReadiness.Guardrail.Tests;

public sealed class TagsTests
{
    private static readonly TagNames Two = new(["feature", "customer"]);

    [Fact]
    public void A_value_comes_from_the_header_else_from_baggage_else_from_the_run()
    {
        var run = Tags.Read(
            Two,
            Headers(("x-agent-tag-feature", "search"), ("baggage", "k=v, customer = initech%20ltd ;prop=1")),
            Tags.Empty
        );
        Values(run).ShouldBe(["search", "initech ltd"]);

        Values(Tags.Read(Two, Headers(), run)).ShouldBe(["search", "initech ltd"]);
        Values(Tags.Read(Two, Headers(("X-Agent-Tag-Customer", "acme")), run)).ShouldBe(["search", "acme"]);
        Values(Tags.Read(Two, Headers(("baggage", "feature=chat")), run)).ShouldBe(["chat", "initech ltd"]);
        Values(Tags.Read(Two, Headers(("baggage", "feature=chat"), ("X-Agent-Tag-Feature", "sort")), run))
            .ShouldBe(["sort", "initech ltd"]);
        Values(Tags.Read(Two, Headers(("X-Agent-Tag-Feature", " \t ")), Tags.Empty)).ShouldBe([Attribution.None, Attribution.None]);
    }

    [Fact]
    public void Who_says_nothing_of_its_own_costs_nothing()
    {
        var run = Tags.Read(Two, Headers(("X-Agent-Tag-Feature", "search")), Tags.Empty);
        Tags.Read(Two, Headers(("Accept", "*/*")), run).ShouldBeSameAs(run);
        Tags.Read(new TagNames([]), Headers(("X-Agent-Tag-Feature", "search")), run).ShouldBeSameAs(Tags.Empty);
    }

    [Fact]
    public void A_configuration_that_changed_takes_what_the_run_has_of_its_names()
    {
        var run = Tags.Read(Two, Headers(("X-Agent-Tag-Feature", "search"), ("X-Agent-Tag-Customer", "acme")), Tags.Empty);
        var changed = Tags.Read(new TagNames(["customer", "team"]), Headers(), run);
        (changed[0], changed[1]).ShouldBe((new("customer", "acme"), new("team", Attribution.None)));
    }

    [Theory]
    [InlineData("a\u0000b\u001b[31mc\u0085", "ab[31mc")]
    [InlineData("\u202Etxt.exe\u2028", "txt.exe")]
    [InlineData("  x  y  ", "x  y")]
    [InlineData("\r\n", null)]
    public void What_a_terminal_would_obey_is_taken_out(string text, string? clean) => Tags.Clean(text).ShouldBe(clean);

    [Fact]
    public void A_long_value_is_cut_and_no_character_is_cut_in_two()
    {
        Tags.Clean(new string('x', 5000)).ShouldBe(new string('x', 64));
        Tags.Clean(new string('x', 63) + "😀")!.ShouldBe(new string('x', 63));
        Tags.Clean(new string('x', 62) + "😀y")!.ShouldBe(new string('x', 62) + "😀");
    }

    [Fact]
    public void Whatever_comes_a_value_is_short_and_plain() =>
        Gen
            .String.Array[0, 3]
            .Sample(texts =>
            {
                var headers = new HeaderDictionary
                {
                    ["X-Agent-Tag-Feature"] = new StringValues(texts),
                    ["baggage"] = new StringValues([.. texts.Select(text => $"customer={text}"), .. texts]),
                };
                foreach (var value in Values(Tags.Read(Two, headers, Tags.Empty)))
                {
                    value.Length.ShouldBeInRange(1, Attribution.MaxValue);
                    value.ShouldAllBe(letter => !char.IsControl(letter));
                    value.Trim().ShouldBe(value);
                }
            });

    [Theory]
    [InlineData("run")]
    [InlineData("model")]
    [InlineData("revision")]
    [InlineData("Feature")]
    [InlineData("feature\n")]
    [InlineData("")]
    public void A_name_that_is_none_is_no_configuration(string name) =>
        Should.Throw<FormatException>(() => new TagNames(["customer", name]));

    private static List<string> Values(Tags tags) => [.. Enumerable.Range(0, tags.Count).Select(i => tags[i].Value)];

    private static HeaderDictionary Headers(params (string Name, string Value)[] headers)
    {
        var all = new HeaderDictionary();
        foreach (var (name, value) in headers)
            all[name] = value;
        return all;
    }
}
