using AgentReadiness.Cli.Validation;
using CsCheck;

namespace AgentReadiness.Cli.Tests;

public sealed class SchemaWalkTests
{
    private static SchemaWalk Walk(string value, string schema)
    {
        var walk = new SchemaWalk();
        walk.Value(JsonNode.Parse(value), JsonNode.Parse(schema)!.AsObject(), "f");
        return walk;
    }

    [Theory]
    [InlineData("""{"type":"string","fancy":1}""", "the keyword fancy")]
    [InlineData("""{"type":"text"}""", "the type text")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "the format ipv4")]
    [InlineData("""{"type":"string","pattern":"(?i)a"}""", "the pattern (?i)a")]
    [InlineData("""{"x-kubernetes-validations":[{"rule":"self.isFancy()","message":"m"}]}""", "the rule self.isFancy()")]
    [InlineData("""{"x-kubernetes-validations":[{"rule":"self == oldSelf","message":"m"}]}""", "a rule about changes")]
    [InlineData("""{"x-kubernetes-validations":[{"rule":"self.matches('\\\\d')","message":"m"}]}""", "the rule self.matches(")]
    [InlineData("""{"x-kubernetes-validations":[{"rule":"has(self[0].b)","message":"m"}]}""", "the rule has(")]
    [InlineData("""{"x-kubernetes-validations":[{"rule":"self + 'a'","message":"m"}]}""", "gives no boolean")]
    public void What_is_not_known_is_unchecked(string schema, string named) =>
        Walk("\"a\"", schema).Unchecked.ShouldHaveSingleItem().ShouldContain(named);

    [Fact]
    public void No_keyword_that_is_not_listed_passes_without_a_word() =>
        Gen.String[Gen.Char['a', 'z'], 2, 12]
            .Where(word => !"description type format properties required items enum pattern default nullable".Split(' ').Contains(word))
            .Sample(word => Walk("\"a\"", $$"""{"type":"string","{{word}}":1}""").Unchecked.Count == 1);

    [Theory]
    // The library takes empty values for absent ones.
    [InlineData("""{"a":""}""", "has(self.a)", true)]
    [InlineData("""{"a":[]}""", "has(self.a)", true)]
    [InlineData("""{"a":{}}""", "has(self.a)", true)]
    [InlineData("{}", "has(self.a)", false)]
    [InlineData("""{"a":{"b":""}}""", "has(self.a.b)", true)]
    [InlineData("""{"a":"x\n"}""", "self.a.matches('^x$')", false)]
    [InlineData("""{"a":"x"}""", "self.a.matches('^x$')", true)]
    [InlineData("""{"a":1.0}""", "self.a == 1", true)]
    [InlineData("""{"a":5}""", "self.a < 5", false)]
    public void Rules_mean_what_they_mean_to_a_server(string self, string rule, bool holds) =>
        CelRules.Evaluate(rule, JsonNode.Parse(self)!).ShouldBe(new CelAnswer(holds));

    [Theory]
    [InlineData("^a$", "a\n", false)]
    [InlineData(@"^\S+$", "a", true)]
    [InlineData(@"^[^\s]+$", "a\u00a0b", true)]
    [InlineData(@"^[^\s]+$", "a b", false)]
    [InlineData(@"^\d$", "٣", false)]
    [InlineData(@"^[a-z$]$", "$", true)]
    [InlineData("a|b", "xb", true)]
    [InlineData("[[:alpha:]]", "a", null)]
    [InlineData("(?P<n>a)", "a", null)]
    [InlineData(@"\pL", "a", null)]
    [InlineData(@"\bA", "A", null)]
    public void Patterns_are_those_of_RE2(string pattern, string text, bool? matches) =>
        SchemaPattern.Matches(pattern, text).ShouldBe(matches);

    [Fact]
    public void Every_pattern_and_rule_of_our_definitions_can_be_evaluated()
    {
        foreach (var kind in KindSchemas.Kinds)
            Each(KindSchemas.Of(kind)!);

        static void Each(JsonNode node)
        {
            if (node is JsonObject map)
            {
                if (map["pattern"] is JsonValue pattern && pattern.GetValueKind() == System.Text.Json.JsonValueKind.String)
                    SchemaPattern.Translate(pattern.GetValue<string>()).ShouldNotBeNull();
                foreach (var (_, value) in map)
                {
                    if (value is not null)
                        Each(value);
                }
            }
            else if (node is JsonArray list)
            {
                foreach (var value in list.OfType<JsonNode>())
                    Each(value);
            }
        }
    }

    [Fact]
    public void A_word_that_is_not_listed_is_never_one_of_an_enum() =>
        Gen.String[Gen.Char['A', 'z'], 0, 8]
            .Where(word => word is not ("Day" or "Hour"))
            .Sample(word =>
                Walk(System.Text.Json.JsonSerializer.Serialize(word), """{"type":"string","enum":["Day","Hour"]}""").Problems.Count == 1
            );
}
