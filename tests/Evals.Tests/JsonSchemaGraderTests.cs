using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.Evals.Tests;

public sealed class JsonSchemaGraderTests
{
    private static async Task<Grade> GradeAsync(string schema, string answer)
    {
        using var document = JsonDocument.Parse(schema);
        return (await JsonSchemaGrader.ReadAsync(document.RootElement, default)).Grade(answer);
    }

    // Every keyword that is taken, with an answer on either side of it: an ignored keyword would pass both.
    [Theory]
    [InlineData("""{"type":"object"}""", "{}", "[]")]
    [InlineData("""{"type":"array"}""", "[]", "{}")]
    [InlineData("""{"type":"string"}""", "\"a\"", "1")]
    [InlineData("""{"type":"number"}""", "1.5", "\"1.5\"")]
    [InlineData("""{"type":"integer"}""", "1", "1.5")]
    [InlineData("""{"type":"boolean"}""", "true", "0")]
    [InlineData("""{"type":"null"}""", "null", "0")]
    [InlineData("""{"type":["string","null"]}""", "null", "1")]
    [InlineData("""{"enum":["a",1,null]}""", "1", "2")]
    [InlineData("""{"enum":["a","b"]}""", "\"b\"", "\"c\"")]
    [InlineData("""{"const":"a"}""", "\"a\"", "\"b\"")]
    [InlineData("""{"properties":{"a":{"const":1}}}""", """{"a":1}""", """{"a":2}""")]
    [InlineData("""{"properties":{"a":{"type":"string"}}}""", """{"a":"x"}""", """{"a":2}""")]
    [InlineData("""{"required":["a"]}""", """{"a":1}""", """{"b":1}""")]
    [InlineData("""{"properties":{"a":{}},"additionalProperties":false}""", """{"a":1}""", """{"b":1}""")]
    [InlineData("""{"additionalProperties":{"type":"string"}}""", """{"a":"x"}""", """{"a":1}""")]
    [InlineData("""{"patternProperties":{"^x":{"type":"string"}}}""", """{"xa":"x","b":1}""", """{"xa":1}""")]
    [InlineData("""{"items":{"type":"string"}}""", """["x"]""", "[1]")]
    [InlineData("""{"minItems":2}""", "[1,2]", "[1]")]
    [InlineData("""{"type":"array","maxItems":1}""", "[1]", "[1,2]")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "[1,2]", "[1,1]")]
    [InlineData("""{"minLength":2}""", "\"ab\"", "\"a\"")]
    [InlineData("""{"maxLength":1}""", "\"a\"", "\"ab\"")]
    [InlineData("""{"pattern":"^a+$"}""", "\"aa\"", "\"ab\"")]
    [InlineData("""{"minimum":2}""", "2", "1")]
    [InlineData("""{"maximum":2}""", "2", "3")]
    [InlineData("""{"exclusiveMinimum":2}""", "3", "2")]
    [InlineData("""{"exclusiveMaximum":2}""", "1", "2")]
    [InlineData("""{"multipleOf":3}""", "9", "10")]
    [InlineData("""{"minProperties":1}""", """{"a":1}""", "{}")]
    [InlineData("""{"maxProperties":1}""", """{"a":1}""", """{"a":1,"b":2}""")]
    [InlineData("""{"not":{"type":"string"}}""", "1", "\"a\"")]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":2}]}""", "2", "3")]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"number"}]}""", "1", "true")]
    [InlineData("""{"oneOf":[{"minimum":1},{"minimum":5}]}""", "2", "7")]
    [InlineData(
        """{"definitions":{"s":{"type":"string"}},"properties":{"a":{"$ref":"#/definitions/s"}}}""",
        """{"a":"x"}""",
        """{"a":1}"""
    )]
    [InlineData("""{"$defs":{"s":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/s"}}}""", """{"a":"x"}""", """{"a":1}""")]
    public async Task EnforcesTheKeyword(string schema, string good, string bad)
    {
        (await GradeAsync(schema, good)).Passed.ShouldBeTrue();
        (await GradeAsync(schema, bad)).Passed.ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"if":{}}""", "if: this keyword is not enforced")]
    [InlineData("""{"format":"email"}""", "format: this keyword is not enforced")]
    [InlineData("""{"properties":{"a":{"contains":{}}}}""", "properties.a.contains: this keyword is not enforced")]
    [InlineData("""{"items":[{}]}""", "items: must be a schema")]
    [InlineData("""{"items":true}""", "items: must be a schema")]
    [InlineData("""{"type":"text"}""", "type: must be a type")]
    [InlineData("""{"type":1}""", "type: must be a type")]
    [InlineData("""{"enum":[]}""", "enum: must be a list")]
    [InlineData("""{"required":"a"}""", "required: must be a list")]
    [InlineData("""{"minLength":-1}""", "minLength: must be a whole number")]
    [InlineData("""{"minimum":"1"}""", "minimum: must be a number")]
    [InlineData("""{"exclusiveMinimum":true}""", "exclusiveMinimum: must be a number")]
    [InlineData("""{"pattern":"(["}""", "pattern: is not a regular expression")]
    [InlineData("""{"$ref":"http://127.0.0.1:1/x"}""", "$ref: must point to a place in this schema")]
    [InlineData("""{"$ref":"/etc/passwd"}""", "$ref: must point to a place in this schema")]
    [InlineData("""{"$ref":"#/definitions/none"}""", "$ref: must point to a place in this schema")]
    public async Task RefusesWhatItWouldNotEnforce(string schema, string problem) =>
        (await Should.ThrowAsync<FormatException>(() => GradeAsync(schema, "1"))).Message.ShouldStartWith(problem);

    [Theory]
    [InlineData("{\"a\":1}")]
    [InlineData("  {\"a\":1}\n")]
    [InlineData("Here you are:\n```json\n{\"a\":1}\n```\nAnything else?")]
    [InlineData("```JSON\n{\"a\":1}```")]
    [InlineData("```\n{\"a\":1}\n```")]
    [InlineData("{\"a\":1,\"code\":\"```json\\n2\\n```\"}")]
    public async Task FindsTheJson(string answer) =>
        (await GradeAsync("""{"type":"object","required":["a"]}""", answer)).Passed.ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData("no JSON at all")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{\"a\":1} // done")]
    [InlineData("{\"a\":1}{\"a\":1}")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{a:1}")]
    public async Task IsStrictAboutJson(string answer) => (await GradeAsync("{}", answer)).Reason.ShouldBe("the answer is not JSON");

    [Fact]
    public async Task HostileAnswersFailAndEnd()
    {
        (await GradeAsync("{}", new string('[', 100_000) + new string(']', 100_000))).Passed.ShouldBeFalse();
        (await GradeAsync("""{"type":"string"}""", new string('9', 1_000_000))).Passed.ShouldBeFalse();
        (
            await GradeAsync("""{"type":"array","maxItems":3}""", $"[{string.Join(',', Enumerable.Repeat("1", 500_000))}]")
        ).Passed.ShouldBeFalse();
    }

    [Fact]
    public async Task TheReasonQuotesNothing()
    {
        var grade = await GradeAsync("""{"properties":{"secretName":{"const":"held-out"}}}""", """{"secretName":"my answer"}""");
        grade.Reason.ShouldBe("the JSON breaks the schema in 1 place(s)");
    }
}
