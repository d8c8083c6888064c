using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using k8s.Models;

namespace AgentReadiness.Api.Schema;

/// <summary>
/// Makes a CustomResourceDefinition (apiextensions.k8s.io/v1, structural schema) from a resource type: its attributes give the
/// rules, its XML documentation the descriptions. Pure: types and documentation in, JSON out.
/// </summary>
public sealed class CrdGenerator
{
    /// <summary>The resource types of this API, in the order of the files under <c>crds/</c>.</summary>
    public static IReadOnlyList<Type> Kinds { get; } =
    [typeof(AgentBudget), typeof(AgentDeployment), typeof(BudgetLedger), typeof(EvalRun), typeof(EvalSuite), typeof(ReadinessException)];

    private readonly XmlDocs docs;

    /// <summary>Creates a generator.</summary>
    /// <param name="documentation">The XML documentation files of the assemblies that the types are in.</param>
    public CrdGenerator(IReadOnlyList<string> documentation) => docs = XmlDocs.Parse(documentation);

    /// <summary>The name of a kind's definition, for example "agentdeployments.agentreadiness.dev".</summary>
    public static string NameOf(Type kind)
    {
        var entity = Entity(kind);
        return $"{entity.PluralName}.{entity.Group}";
    }

    /// <summary>The definition of a kind.</summary>
    public JsonObject Generate(Type kind)
    {
        var entity = Entity(kind);
        var names = new JsonObject
        {
            ["kind"] = entity.Kind,
            ["listKind"] = entity.Kind + "List",
            ["plural"] = entity.PluralName,
            ["singular"] = entity.Kind.ToLowerInvariant(),
        };
        if (kind.GetCustomAttribute<KubernetesEntityShortNamesAttribute>() is { } shortNames)
            names["shortNames"] = Strings(shortNames.ShortNames);
        if (kind.GetCustomAttribute<CategoriesAttribute>() is { } categories)
            names["categories"] = Strings(categories.Categories);

        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = NameOf(kind) },
            ["spec"] = new JsonObject
            {
                ["group"] = entity.Group,
                ["names"] = names,
                ["scope"] = "Namespaced",
                ["versions"] = new JsonArray(Version(kind, entity)),
            },
        };
    }

    private JsonObject Version(Type kind, KubernetesEntityAttribute entity)
    {
        var subresources = new JsonObject { ["status"] = new JsonObject() };
        if (kind.GetCustomAttribute<ScaleSubresourceAttribute>() is { } scale)
        {
            subresources["scale"] = new JsonObject
            {
                ["specReplicasPath"] = scale.SpecReplicasPath,
                ["statusReplicasPath"] = scale.StatusReplicasPath,
                ["labelSelectorPath"] = scale.LabelSelectorPath,
            };
        }
        var columns = new JsonArray();
        foreach (var column in kind.GetCustomAttributes<GenericAdditionalPrinterColumnAttribute>())
        {
            var entry = new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = column.Type,
                ["jsonPath"] = column.JsonPath,
            };
            if (column.Priority != 0)
                entry["priority"] = column.Priority;
            columns.Add(entry);
        }
        return new JsonObject
        {
            ["name"] = entity.ApiVersion,
            ["served"] = true,
            ["storage"] = true,
            ["additionalPrinterColumns"] = columns,
            ["subresources"] = subresources,
            ["schema"] = new JsonObject { ["openAPIV3Schema"] = Root(kind) },
        };
    }

    private JsonObject Root(Type kind)
    {
        var schema = new JsonObject
        {
            ["description"] = docs.Of(kind),
            ["type"] = "object",
            ["required"] = new JsonArray("spec"),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = new JsonObject { ["type"] = "string" },
                ["kind"] = new JsonObject { ["type"] = "string" },
                ["metadata"] = new JsonObject { ["type"] = "object" },
                ["spec"] = ObjectSchema(kind.GetProperty("Spec")!.PropertyType),
                ["status"] = ObjectSchema(kind.GetProperty("Status")!.PropertyType),
            },
        };
        AddRules(schema, kind);
        return schema;
    }

    private JsonObject ObjectSchema(Type type)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            properties[name] = PropertySchema(property);
            if (property.GetCustomAttribute<RequiredAttribute>() is not null)
                required.Add(name);
        }
        var schema = new JsonObject { ["description"] = docs.Of(type), ["type"] = "object" };
        if (required.Count > 0)
            schema["required"] = required;
        if (properties.Count > 0)
            schema["properties"] = properties;
        AddRules(schema, type);
        return schema;
    }

    private JsonObject PropertySchema(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var element = ElementType(type);
        var schema = element is null ? ValueSchema(type) : new JsonObject { ["type"] = "array", ["items"] = ValueSchema(element) };
        schema["description"] = Description(property, element ?? type);

        // Rules about values go to the elements of a list, or the values of a map; rules about the list or the map to that itself.
        var map = schema["additionalProperties"] as JsonObject;
        var value = element is null ? map ?? schema : schema["items"]!.AsObject();
        if (property.GetCustomAttribute<PatternAttribute>() is { } pattern)
            value["pattern"] = pattern.Pattern;
        if (property.GetCustomAttribute<LengthAttribute>() is { } length)
        {
            value["minLength"] = length.MinLength;
            value["maxLength"] = length.MaxLength;
        }
        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            value["minimum"] = range.Minimum;
            value["maximum"] = range.Maximum;
        }
        if (property.GetCustomAttribute<ItemsAttribute>() is { } items)
        {
            schema[map is null ? "minItems" : "minProperties"] = items.MinItems;
            schema[map is null ? "maxItems" : "maxProperties"] = items.MaxItems;
        }
        if (property.GetCustomAttribute<XListTypeAttribute>() is { } list)
        {
            schema["x-kubernetes-list-type"] = list.ListType;
            if (list.MapKeys.Count > 0)
                schema["x-kubernetes-list-map-keys"] = Strings(list.MapKeys);
        }
        if (property.GetCustomAttribute<DefaultJsonAttribute>() is { } fallback)
            schema["default"] = Default(fallback.Json, schema);
        if (property.GetCustomAttribute<PreserveUnknownFieldsAttribute>() is not null)
            schema["x-kubernetes-preserve-unknown-fields"] = true;
        AddRules(schema, property);
        return schema;
    }

    // A server checks a default against the rules of the schema as it is written, without the defaults of the fields below it: "{}" would
    // break each rule that reads one of them, and the whole definition would be refused.
    private static JsonNode? Default(string json, JsonObject schema)
    {
        var value = JsonNode.Parse(json);
        SchemaDefaults.Complete(value, schema);
        return value;
    }

    private JsonObject ValueSchema(Type type)
    {
        if (type == typeof(string) || type == typeof(Money) || type == typeof(Amount))
            return new JsonObject { ["type"] = "string" };
        if (type == typeof(int))
            return new JsonObject { ["type"] = "integer", ["format"] = "int32" };
        if (type == typeof(long))
            return new JsonObject { ["type"] = "integer", ["format"] = "int64" };
        if (type == typeof(bool))
            return new JsonObject { ["type"] = "boolean" };
        if (type == typeof(DateTime))
            return new JsonObject { ["type"] = "string", ["format"] = "date-time" };
        if (type == typeof(Dictionary<string, string>))
            return new JsonObject
            {
                ["type"] = "object",
                ["additionalProperties"] = new JsonObject { ["type"] = "string" },
            };
        if (type == typeof(JsonObject))
            return new JsonObject { ["type"] = "object" };
        if (type.IsEnum)
            return new JsonObject { ["type"] = "string", ["enum"] = Strings(Enum.GetNames(type)) };
        if (type.IsClass && type.Assembly == typeof(CrdGenerator).Assembly)
            return ObjectSchema(type);
        throw new NotSupportedException(
            $"{type} has no schema: use string, Money, int, long, bool, DateTime, JsonObject, an enum, a list or a type of this API"
        );
    }

    private string Description(PropertyInfo property, Type type) =>
        type.IsEnum
            ? docs.Of(property) + " " + string.Join(' ', Enum.GetNames(type).Select(name => $"{name}: {docs.Of(type, name)}"))
            : docs.Of(property);

    private static Type? ElementType(Type type) =>
        type != typeof(string)
        && type != typeof(JsonObject)
        && type != typeof(Dictionary<string, string>)
        && type.IsGenericType
        && typeof(IEnumerable).IsAssignableFrom(type)
            ? type.GetGenericArguments()[0]
            : null;

    private static void AddRules(JsonObject schema, MemberInfo member)
    {
        var rules = member.GetCustomAttributes<ValidationRuleAttribute>().ToList();
        if (rules.Count > 0)
            schema["x-kubernetes-validations"] = new JsonArray([
                .. rules.Select(rule => new JsonObject { ["rule"] = rule.Rule, ["message"] = rule.Message }),
            ]);
    }

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    private static KubernetesEntityAttribute Entity(Type kind) =>
        kind.GetCustomAttribute<KubernetesEntityAttribute>()
        ?? throw new ArgumentException($"{kind} has no KubernetesEntity attribute", nameof(kind));
}
