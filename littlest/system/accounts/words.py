"""The words of one-time passwords: common English nouns and colours, easy to read aloud and to type."""

_LIST = """
acorn agent album alley amber anchor angle ankle apple apron arena arrow artist atlas attic autumn awning badge bagel
bakery ballet balloon bamboo banana banjo barley barn barrel basin basket beach beacon bean beaver bell belt bench
berry bicycle birch bird biscuit blanket blossom blue board boat bonnet book boot bottle boulder bowl box branch bread
brick bridge bright brook broom brother brush bubble bucket buckle buffalo bugle butter button cabin cable cactus cake
camel camera camp canal canary candle candy canoe canvas canyon captain caravan carbon card cargo carpet carrot castle
cattle cedar cellar cello cement cereal chair chalk cherry chess chestnut chicken chimney chorus circle citrus city
clarinet clay cliff clock cloud clover coach coast cobalt coconut coffee coin collar comet compass copper coral cork
corn cotton cousin crane crayon cricket crystal cube cup curtain curve daisy dancer dawn deer delta desert desk
diamond dinner dolphin door dragon drawer drum duck eagle earth easel echo eclipse elbow elephant elm emerald engine
evening fabric falcon family farmer feather fence fern ferry fiddle field fig finger flag flame flint flute fog forest
fork fossil fountain fox frame friend frog frost fruit galaxy garden garlic gate gecko giant ginger giraffe glacier
glass globe glove gold goose gown grain granite grape grass gravel green guitar gulf hammer hammock hamster harbor
harp harvest hat hawk hazel heart hedge helmet heron hill hinge history hockey holiday hollow honey horizon horn horse
hotel house igloo indigo island ivory ivy jacket jaguar jar jasmine jelly jewel jigsaw jungle juniper kayak kettle key
kitchen kite kitten koala ladder lake lamp lantern lark laser laurel lava lavender leaf leather lemon lentil letter
library light lilac lily lime lion lizard lobster locket lotus magnet mango maple marble march market meadow melody
melon meteor mill mirror mitten moon morning mosaic moss motor mountain museum mushroom music napkin nature needle
nest nickel north novel number nutmeg oak oasis oat ocean olive onion opal orange orbit orchard orchid organ otter
oven owl oyster paddle page paint palace palm panda panther paper parade parcel parrot pasta path peach peacock pearl
pebble pelican pencil penguin pepper piano picnic pigeon pillow pilot pine planet plate plum pocket pond pony poplar
poppy potato pottery powder prairie prism pumpkin puppet puppy purple puzzle pyramid quarry quartz rabbit radar radio
radish raft raisin raven recipe reef ribbon rice river robin rocket roof rope rose ruby saddle safari salad salmon
sand satin saturn scarf school scooter seal season seed shadow shark sheep shelf shell ship shirt silk silver singer
sister sky sleeve snail snow soap socket sofa soup south sparrow spice spider spinach sponge spoon spring spruce
square squirrel stable stamp star station stone storm story stove straw stream street summer sun sunset swan sweater
table tailor teacher temple tennis tent theater thimble thistle thunder ticket tiger timber tomato torch tortoise
towel tower tractor trail train travel treasure tree trumpet tulip tunnel turtle umbrella uncle valley vanilla velvet
village violet violin volcano voyage wagon walnut walrus water wave wheat wheel whistle willow window winter wizard
wolf wool yellow yogurt zebra zipper
"""
WORDS = tuple(_LIST.split())
"""512 words, so 9 bits each."""
